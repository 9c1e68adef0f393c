import type { EncodeContext } from '../codec/handles.ts'
import type { WaitOptions } from '../core/ports.ts'
import type { ActorSpec } from './actor-engine.ts'

/** What a queue held when an operation on many items was refused. */
export interface QueueRefusal {
  readonly size: number
  readonly maxsize: number
}

/**
 * A queue, as one handle sees it. Arguments have been checked. Every operation rejects with a `RayActorError` once the queue has been
 * shut down, those that wait included, and with the signal's reason when it was aborted before it had any effect.
 */
export interface QueuePort {
  readonly id: string
  /** Settles when the queue is there, or can not be. */
  ready(): Promise<void>
  /** False when there was no room within the timeout. Puts of one handle are carried out in order. */
  put(item: unknown, options: WaitOptions): Promise<boolean>
  /** All or nothing, now. Undefined when it worked. */
  putAll(items: readonly unknown[]): Promise<QueueRefusal | undefined>
  /** Undefined when there was no item within the timeout. */
  get(options: WaitOptions): Promise<{ readonly item: unknown } | undefined>
  /** All of `count` items or none, now. */
  getMany(count: number): Promise<{ readonly items: readonly unknown[] } | QueueRefusal>
  size(): Promise<number>
  full(): Promise<boolean>
  /** Ends the queue for everybody; unless `force`, lets what was asked of it before run for at most `grace` milliseconds. */
  shutdown(force: boolean, grace: number): Promise<void>
  /** This handle is no longer used; idempotent. */
  release(): void
  /** What `[handleSymbol]` of a handle returns when it goes into a value. */
  export(context: EncodeContext): { readonly kind: number; readonly body: unknown }
}

/** Creates queues. Finding one is creating it with a name and `getIfExists`. */
export interface QueueEngine {
  /** Returns at once; what goes wrong shows in `ready()` and in every operation. `maxsize` of Infinity: without limit. */
  create(maxsize: number, spec: ActorSpec): QueuePort
}
