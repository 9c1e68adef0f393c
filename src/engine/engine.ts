import type { ActorEngine } from './actor-engine.ts'
import type { ChannelEngine } from './channel-engine.ts'
import type { ClusterEngine } from './cluster-engine.ts'
import type { ObjectEngine } from './object-engine.ts'
import type { QueueEngine } from './queue-engine.ts'

/** What an engine says about itself. What only a cluster has is undefined on the embedded engine. */
export interface EngineInfo {
  readonly kind: 'embedded' | 'ray'
  /** Of actors, tasks and queues that do not name one. */
  readonly namespace: string
  /** Milliseconds to the other side and back: the hub's thread, or the agent. */
  readonly roundTrip: number
  readonly rayVersion: string | undefined
  readonly pythonVersion: string | undefined
  /** How bytes reach the agent: over a port of its own, or through the cluster's client port. */
  readonly lane: 'direct' | 'tunnel' | undefined
  /** Why it is the tunnel, where the agent's port was tried first. */
  readonly notDirect: Error | undefined
  /** Of the agent, in hex. */
  readonly nodeId: string | undefined
  readonly jobId: string | undefined
  /** Undefined unless it was asked for. */
  readonly nodeJs: NodeJs | undefined
}

/** The Node.js that actors and tasks in TypeScript run on. */
export interface NodeJs {
  readonly version: string
  readonly path: string
  /** Where it was found. */
  readonly where: string
}

/** What is wanted of `info` besides. */
export interface InfoOptions {
  /** Also what actors and tasks in TypeScript run on; on Ray, those on the agent's node. Rejects with a `KlawError` that says where it was looked for when there is none. */
  readonly nodeJs?: boolean | undefined
}

/** What a runtime stands on. The embedded engine and the Ray engine implement the same interface. */
export interface Engine {
  readonly kind: 'embedded' | 'ray'
  readonly channels: ChannelEngine
  readonly objects: ObjectEngine
  readonly actors: ActorEngine
  readonly queues: QueueEngine
  readonly cluster: ClusterEngine
  /** Why the engine can no longer be used; undefined while it can. */
  readonly lost: Error | undefined
  info(options: InfoOptions): Promise<EngineInfo>
  /** Ends everything that was started; idempotent. Everything pending is refused. */
  shutdown(): Promise<void>
}
