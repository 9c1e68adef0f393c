import { randomUUID } from 'node:crypto'
import { Codec } from '../../src/codec/codec.ts'
import { RayClientBootstrap } from '../../src/engine/ray/bootstrap/ray-client-bootstrap.ts'
import type { HubAddress } from '../../src/engine/ray/hub/open-hub.ts'
import { directLanes } from '../../src/engine/ray/lane/direct-lane.ts'
import { newIdentity } from '../../src/engine/ray/lane/hello.ts'
import { ResumableTransport } from '../../src/engine/ray/lane/resumable-transport.ts'
import { agentSources } from '../../src/engine/ray/package-sources.ts'
import { Connection } from '../../src/wire/connection.ts'

/** Milliseconds. */
const deadline = 30_000

/**
 * Connections to a cluster's hub, each with a channel of its own, and all of one session: as many sessions would need as many agents, and be a benchmark
 * of those.
 */
export class Visitors {
  readonly #bootstrap: RayClientBootstrap
  readonly #connections: Connection[] = []

  private constructor(bootstrap: RayClientBootstrap) {
    this.#bootstrap = bootstrap
  }

  static async come(address: string, count: number): Promise<Visitors> {
    const { hostname, port } = new URL(address)
    const bootstrap = await RayClientBootstrap.connect({ host: hostname, port: Number(port), namespace: 'klaw' })
    const visitors = new Visitors(bootstrap)
    try {
      const hub = await visitors.#findHub()
      for (let number = 0; number < count; number++) await visitors.#visit(hub, number)
    } catch (error) {
      await visitors.leave()
      throw error
    }
    return visitors
  }

  async leave(): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await this.#bootstrap.close()
  }

  async #findHub(): Promise<HubAddress> {
    const settings = { namespace: 'klaw', sources: await agentSources(), maxFrame: 2 ** 24 }
    const agent = await this.#bootstrap.startAgent(settings, 'session')
    const connection = await this.#connect(agent)
    await connection.request('session.open', { imports: [] })
    return (await connection.request('hub.find')) as HubAddress
  }

  async #visit(hub: HubAddress, number: number): Promise<void> {
    const connection = await this.#connect(hub)
    const spec = {
      kind: 'mpmc',
      capacity: 100,
      ack: false,
      ackTimeout: Number.POSITIVE_INFINITY,
      name: undefined,
      namespace: 'klaw',
      lifetime: 'session',
      ttl: undefined,
    }
    await connection.request('session.open', { origin: number + 1, node: randomUUID() })
    await connection.request('channel.open', {
      spec,
      sender: connection.nextStream(),
      receiver: connection.nextStream(),
    })
  }

  async #connect({ host, port, token }: { host: string; port: number; token: string }): Promise<Connection> {
    const identity = newIdentity(token)
    const transport = await ResumableTransport.connect({ factory: directLanes({ host, port }), identity, deadline })
    const connection = new Connection(transport, new Codec(), new Map())
    this.#connections.push(connection)
    return connection
  }
}
