import { inject } from 'vitest'
import { Codec } from '../../../../../src/codec/codec.ts'
import { RayClientBootstrap } from '../../../../../src/engine/ray/bootstrap/ray-client-bootstrap.ts'
import type { HubAddress } from '../../../../../src/engine/ray/hub/open-hub.ts'
import type { LaneFactory } from '../../../../../src/engine/ray/lane/lane.ts'
import { openLane } from '../../../../../src/engine/ray/lane/open-lane.ts'
import { relayLanes } from '../../../../../src/engine/ray/lane/relay-lane.ts'
import type { ResumableTransport } from '../../../../../src/engine/ray/lane/resumable-transport.ts'
import { tunnelLanes } from '../../../../../src/engine/ray/lane/tunnel-lane.ts'
import { agentSources } from '../../../../../src/engine/ray/package-sources.ts'
import { Connection } from '../../../../../src/wire/connection.ts'

const maxFrame = 2 ** 24

/** A session as a runtime has it, with its frames in the test's hands. */
export class AgentSession implements AsyncDisposable {
  readonly connection: Connection
  readonly #transport: ResumableTransport
  readonly #bootstrap: RayClientBootstrap

  private constructor(bootstrap: RayClientBootstrap, transport: ResumableTransport) {
    this.#bootstrap = bootstrap
    this.#transport = transport
    this.connection = new Connection(transport, new Codec(), new Map())
  }

  static async open(choice: 'direct' | 'tunnel' = 'direct', address = inject('rayAddress')): Promise<AgentSession> {
    const { hostname, port } = new URL(address)
    const bootstrap = await RayClientBootstrap.connect({ host: hostname, port: Number(port), namespace: 'klaw' })
    try {
      const settings = { namespace: 'klaw', sources: await agentSources(), maxFrame }
      const { token, ...agent } = await bootstrap.startAgent(settings, choice === 'direct' ? 'session' : 'actor')
      const otherwise = tunnelLanes((number, bytes, wait) => bootstrap.exchange(number, bytes, wait))
      const at = { host: agent.host, port: agent.port }
      const { transport } = await openLane({ choice, address: at, token, otherwise, deadline: 30_000 })
      const session = new AgentSession(bootstrap, transport)
      await session.connection.request('session.open', { imports: [] })
      return session
    } catch (error) {
      await bootstrap.close()
      throw error
    }
  }

  /** Where the hub listens, which is started if there is none. */
  async findHub(): Promise<HubAddress> {
    return (await this.connection.request('hub.find')) as HubAddress
  }

  /** Ways through the agent to another port. */
  relayTo(host: string, port: number): LaneFactory {
    const { connection } = this
    const transport = this.#transport
    const session = {
      connection,
      get writable() {
        return transport.writable
      },
      onWritable: (listener: () => void) => transport.onWritable(listener),
    }
    return relayLanes(session, { host, port, tls: false })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close()
    await this.#bootstrap.close()
  }
}

/** Where the hub of the shared head listens. The session that asks ends with that: a hub is nobody's. */
export async function findHub(address = inject('rayAddress')): Promise<HubAddress> {
  const session = await AgentSession.open('direct', address)
  try {
    return await session.findHub()
  } finally {
    await session[Symbol.asyncDispose]()
  }
}
