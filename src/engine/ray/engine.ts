import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import type { Clock } from '../../core/clock.ts'
import { RuntimeClosedError } from '../../errors.ts'
import type { Connection } from '../../wire/connection.ts'
import type { Transport } from '../../wire/transport.ts'
import type { Engine, EngineInfo, InfoOptions, NodeJs } from '../engine.ts'
import type { HandleMakers } from '../handle-makers.ts'
import { RayActors } from './actors.ts'
import { linksThrough, RayCalls } from './calls/ray-calls.ts'
import { RayChannels } from './channels.ts'
import { RayClient } from './client.ts'
import { RayCluster } from './cluster.ts'
import type { CodeSource } from './code/code-source.ts'
import type { ClusterLanes } from './lane/reach.ts'
import { RayObjects } from './objects.ts'
import { RayQueues } from './queues.ts'
import { sessionLost } from './session-lost.ts'

export interface RayEngineOptions {
  readonly makers: HandleMakers
  readonly serializers: SerializerRegistry
  readonly clock: Clock
  /** Modules that the agent imports, for the serializers that they register. */
  readonly imports: readonly string[]
  /** How the bytes go, and why not otherwise. */
  readonly lane: Pick<EngineInfo, 'lane' | 'notDirect'>
  readonly hubLanes: ClusterLanes
  /** Messages of more encoded bytes than that go by reference. */
  readonly largeMessage: number
  /** Where the code of actors and tasks in TypeScript is to come from. */
  readonly code: (connection: Connection) => CodeSource
  /** Ends the session in the cluster. Called once, whatever ended the engine. */
  readonly end: () => Promise<void>
}

/** What the agent says when the session begins. */
interface SessionInfo {
  readonly rayVersion: string
  readonly pythonVersion: string
  readonly nodeId: string
  readonly jobId: string
  readonly namespace: string
}

/** A Ray cluster, as this process uses it through the session's agent. */
export class RayEngine implements Engine {
  readonly kind = 'ray'
  readonly channels: RayChannels
  readonly objects: RayObjects
  readonly actors: RayActors
  readonly queues: RayQueues
  readonly cluster: RayCluster
  readonly #client: RayClient
  readonly #options: RayEngineOptions
  #session: SessionInfo | undefined
  #ending: Promise<void> | undefined

  private constructor(client: RayClient, options: RayEngineOptions) {
    const { makers, clock, serializers, hubLanes, largeMessage, code } = options
    this.#client = client
    this.#options = options
    this.cluster = new RayCluster(client.connection)
    this.objects = new RayObjects(client, this.cluster, makers.objectRef)
    this.channels = new RayChannels(client, this.objects, {
      clock,
      serializers,
      handles: makers.channels,
      lanes: hubLanes,
      threshold: largeMessage,
    })
    const calls = new RayCalls({
      client,
      objects: this.objects,
      home: this.channels.transit,
      open: linksThrough(client, hubLanes),
    })
    this.actors = new RayActors(client, this.objects, calls, makers.actor, code(client.connection))
    this.queues = new RayQueues(client, this.actors, makers.queue)
    // An agent that is gone for good leaves nothing that the session could be used for.
    client.connection.onLost((error) => {
      this.channels.close(error)
      this.#end().catch(() => {
        // Whoever shuts down is told; here nobody waits.
      })
    })
  }

  /** Begins a session on a connection to its agent. */
  static async start(transport: Transport, options: RayEngineOptions): Promise<RayEngine> {
    const engine = new RayEngine(new RayClient(transport, options.serializers), options)
    try {
      const { connection } = engine.#client
      engine.#session = (await connection.request('session.open', { imports: options.imports })) as SessionInfo
      return engine
    } catch (error) {
      await engine.shutdown()
      throw error
    }
  }

  /** The connection to the agent. */
  get client(): RayClient {
    return this.#client
  }

  get lost(): Error | undefined {
    return this.#client.connection.lost
  }

  /** The session has ended in the cluster. */
  lose(error: Error): void {
    this.#client.connection.close(sessionLost(error))
  }

  /** Posts whatever was written so far, on all connections, at once: for a process that ends now. */
  flush(): void {
    this.channels.flush()
    this.actors.calls.links.flush()
    this.#client.connection.flush()
  }

  async info(options: InfoOptions = {}): Promise<EngineInfo> {
    const start = performance.now()
    // The least that the agent can be asked for.
    await this.#client.connection.request('object.free', [])
    const roundTrip = performance.now() - start
    const session = this.#session as SessionInfo
    const nodeJs = options.nodeJs ? ((await this.#client.connection.request('typescript.node')) as NodeJs) : undefined
    return { kind: this.kind, roundTrip, ...session, ...this.#options.lane, nodeJs }
  }

  async shutdown(): Promise<void> {
    this.#client.connection.close(new RuntimeClosedError('the runtime has been shut down'))
    await this.#end()
  }

  #end(): Promise<void> {
    this.#ending ??= this.#options.end()
    return this.#ending
  }
}
