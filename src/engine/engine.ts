import type { ActorEngine } from './actor-engine.ts'
import type { ChannelEngine } from './channel-engine.ts'
import type { ClusterEngine } from './cluster-engine.ts'
import type { ObjectEngine } from './object-engine.ts'
import type { QueueEngine } from './queue-engine.ts'

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
  /** Ends everything that was started; idempotent. Everything pending is refused. */
  shutdown(): Promise<void>
}
