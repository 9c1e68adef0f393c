import { leaveCluster, useCluster } from '../ray/shared-cluster.ts'
import { NatsServer } from './nats-server.ts'
import { Relay } from './relay.ts'
import type { SideAddress } from './side.ts'

/** Something that parties can connect to. */
export interface Place {
  readonly address: SideAddress
  leave(): Promise<void>
}

export interface KlawPlaceOptions {
  readonly lane?: 'direct' | 'tunnel'
  /** Which of this benchmark's clusters, if it has several. */
  readonly cluster?: string
}

export async function klawPlace({ lane = 'direct', cluster = 'shared' }: KlawPlaceOptions = {}): Promise<Place> {
  const { address } = await useCluster(cluster)
  return { address: { side: 'klaw', address, lane }, leave: () => leaveCluster(cluster) }
}

export async function natsPlace(): Promise<Place> {
  const server = await NatsServer.start()
  return { address: { side: 'nats', address: server.address }, leave: () => server.stop() }
}

export async function barePlace(): Promise<Place> {
  const relay = await Relay.start()
  return { address: { side: 'bare', address: relay.port }, leave: () => relay.stop() }
}
