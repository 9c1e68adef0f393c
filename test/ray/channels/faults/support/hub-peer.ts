import { handleMakers } from '../../../../../src/api/handle-makers.ts'
import type { Receiver } from '../../../../../src/api/receiver.ts'
import {
  openBroadcast,
  openChannel,
  openWatch,
  type RuntimeChannelOptions,
} from '../../../../../src/api/runtime-channels.ts'
import type { Sender } from '../../../../../src/api/sender.ts'
import { systemClock } from '../../../../../src/api/system-clock.ts'
import { SerializerRegistry } from '../../../../../src/codec/serializer-registry.ts'
import type { Delivery } from '../../../../../src/core/ports.ts'
import type { RayClient } from '../../../../../src/engine/ray/client.ts'
import { HubClient } from '../../../../../src/engine/ray/hub/hub-client.ts'
import type { HubAddress } from '../../../../../src/engine/ray/hub/open-hub.ts'
import { directLanes } from '../../../../../src/engine/ray/lane/direct-lane.ts'
import type { LaneFactory } from '../../../../../src/engine/ray/lane/lane.ts'
import { openLane } from '../../../../../src/engine/ray/lane/open-lane.ts'
import type { RayObjects } from '../../../../../src/engine/ray/objects.ts'
import { RemoteChannels } from '../../../../../src/engine/remote/channels.ts'
import { MortalLanes } from './mortal-lanes.ts'

export interface PeerOptions {
  /** Its way to the hub, when that is not a connection to its port. */
  readonly lanes?: LaneFactory
  /** Milliseconds that the hub keeps what belongs to it when it is gone. */
  readonly gracePeriod?: number
}

/**
 * What a runtime has of the hub, without a session of Ray's: that takes seconds, and a process in the cluster. So it has no large messages and no references.
 */
export class HubPeer implements AsyncDisposable {
  readonly channels: RemoteChannels
  readonly #hub: HubClient
  readonly #lanes: MortalLanes

  constructor(hub: HubAddress, { lanes, gracePeriod }: PeerOptions = {}) {
    this.#lanes = new MortalLanes(lanes ?? directLanes({ host: hub.host, port: hub.port }))
    this.#hub = new HubClient({
      clock: systemClock,
      serializers: new SerializerRegistry(),
      session: noSession,
      objects: undefined as unknown as RayObjects,
      threshold: Number.POSITIVE_INFINITY,
      open: async () => {
        const address = { host: hub.host, port: hub.port }
        const { token } = hub
        // The lanes are its own; `tunnel` means just that.
        const options = { choice: 'tunnel', address, token, otherwise: this.#lanes, gracePeriod } as const
        return (await openLane({ ...options, deadline: 30_000 })).transport
      },
    })
    this.channels = new RemoteChannels(this.#hub, handleMakers.channels)
  }

  /** Lanes that it has opened so far. */
  get lanesOpened(): number {
    return this.#lanes.opened
  }

  get lost(): Error | undefined {
    return this.#hub.connection.lost
  }

  channel<T>(options: RuntimeChannelOptions = {}): Promise<[Sender<T>, Receiver<T>]> {
    return openChannel(this.channels, options) as Promise<[Sender<never>, Receiver<unknown>]> as Promise<
      [Sender<T>, Receiver<T>]
    >
  }

  acknowledged<T>(options: RuntimeChannelOptions = {}): Promise<[Sender<T>, Receiver<Delivery<T>>]> {
    return this.channel({ ...options, ack: 'manual' } as RuntimeChannelOptions) as unknown as Promise<
      [Sender<T>, Receiver<Delivery<T>>]
    >
  }

  broadcast(options: Parameters<typeof openBroadcast>[1]) {
    return openBroadcast<number>(this.channels, options)
  }

  watch(initial: number, options: Parameters<typeof openWatch>[2]) {
    return openWatch<number>(this.channels, initial, options)
  }

  /** Says what no stream of its own would say: a frame whose body is a few integers. */
  write(type: number, stream: number, ...body: readonly number[]): void {
    this.#hub.connection.write(type, 0, stream, ...(body as [number]))
  }

  /** Everything that was said before has been done by the hub. */
  async barrier(): Promise<void> {
    await this.#hub.connection.request('session.barrier')
  }

  /** Is gone without a goodbye, as a process that was killed. */
  vanish(): void {
    this.#lanes.kill()
    this.#hub.connection.close()
  }

  close(): void {
    this.#hub.connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

/** What a client of the hub asks of its session as long as no message refers to anything. */
const noSession = { onAdopting() {} } as unknown as RayClient
