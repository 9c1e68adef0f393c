import type { MessagePort } from 'node:worker_threads'
import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import type { Clock } from '../../core/clock.ts'
import { RuntimeClosedError } from '../../errors.ts'
import type { ChannelEngine } from '../channel-engine.ts'
import type { ClusterEngine } from '../cluster-engine.ts'
import type { Engine, EngineInfo, InfoOptions } from '../engine.ts'
import type { HandleMakers } from '../handle-makers.ts'
import type { ObjectEngine } from '../object-engine.ts'
import type { QueueEngine } from '../queue-engine.ts'
import { RemoteChannels } from '../remote/channels.ts'
import { LocalActors } from './actors.ts'
import { Client } from './client.ts'
import { LocalCluster } from './cluster.ts'
import { flushBeforeExit } from './flush-before-exit.ts'
import { type HubOptions, type HubThread, startHubThread } from './hub-thread.ts'
import { LocalObjects } from './local-objects.ts'
import { Peers } from './peers.ts'
import { LocalQueues } from './queue/queues.ts'

export interface LocalEngineOptions {
  readonly makers: HandleMakers
  readonly serializers: SerializerRegistry
  readonly clock: Clock
  /** Of names that do not give one. */
  readonly namespace: string
}

/** The embedded engine, as one thread sees it: the driver, or a worker. */
export class LocalEngine implements Engine {
  readonly kind = 'embedded'
  readonly client: Client
  readonly peers: Peers
  readonly channels: ChannelEngine
  readonly objects: ObjectEngine
  readonly actors: LocalActors
  readonly queues: QueueEngine
  readonly cluster: ClusterEngine
  readonly #namespace: string
  readonly #hub: HubThread | undefined
  #ending: Promise<void> | undefined

  private constructor(
    client: Client,
    peers: Peers,
    objects: LocalObjects,
    options: LocalEngineOptions,
    hub?: HubThread,
  ) {
    const { makers, namespace, clock } = options
    this.client = client
    this.peers = peers
    this.objects = objects
    this.channels = new RemoteChannels(client.channelHost(clock), makers.channels)
    this.actors = new LocalActors({ client, objects, peers, makeHandle: makers.actor, namespace })
    this.queues = new LocalQueues(client, this.actors, makers.queue)
    this.cluster = new LocalCluster(client, objects)
    this.#namespace = namespace
    this.#hub = hub
  }

  /** Starts a hub and connects this thread, the driver, to it. */
  static async start(options: LocalEngineOptions, hubOptions: HubOptions): Promise<LocalEngine> {
    const hub = startHubThread(hubOptions)
    try {
      const engine = await LocalEngine.#connect(hub.port, options, hub)
      flushBeforeExit(engine.client, () => engine.actors.callsMade)
      return engine
    } catch (error) {
      await hub.close()
      throw error
    }
  }

  /** Connects a thread that the hub has started. */
  static join(port: MessagePort, options: LocalEngineOptions): Promise<LocalEngine> {
    return LocalEngine.#connect(port, options, undefined)
  }

  static async #connect(
    port: MessagePort,
    options: LocalEngineOptions,
    hub: HubThread | undefined,
  ): Promise<LocalEngine> {
    const client = new Client(port, options.serializers)
    const peers = new Peers(client)
    await client.open()
    const objects = await LocalObjects.open(client, options.makers.objectRef)
    return new LocalEngine(client, peers, objects, options, hub)
  }

  get lost(): Error | undefined {
    return this.client.connection.lost
  }

  async info(options: InfoOptions = {}): Promise<EngineInfo> {
    const start = performance.now()
    await this.client.barrier()
    const { execPath, versions } = process
    return {
      kind: this.kind,
      namespace: this.#namespace,
      roundTrip: performance.now() - start,
      rayVersion: undefined,
      pythonVersion: undefined,
      lane: undefined,
      notDirect: undefined,
      nodeId: undefined,
      jobId: undefined,
      nodeJs: options.nodeJs ? { version: versions.node, path: execPath, where: 'this process' } : undefined,
    }
  }

  shutdown(): Promise<void> {
    this.#ending ??= this.#shutdown()
    return this.#ending
  }

  async #shutdown(): Promise<void> {
    this.client.connection.close(new RuntimeClosedError('the runtime has been shut down'))
    if (this.#hub === undefined) return
    await this.#hub.close()
  }
}
