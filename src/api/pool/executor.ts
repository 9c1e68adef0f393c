import type { Awaitable } from '../../result.ts'

/**
 * Whose fault it was that an attempt failed: the item's (or the code's that dealt with it), the worker's, which is of no use any more, or
 * that of what all workers stand on.
 */
export type Blame = 'item' | 'worker' | 'everything'

/** Makes what the workers of a pool work with. */
export interface ExecutorFactory<in Item, out Output> {
  /** How many items one executor is given at a time. */
  readonly concurrency: number
  /** Never throws: what goes wrong shows in {@link Executor.ready}. */
  create(worker: number): Executor<Item, Output>
  blame(error: unknown): Blame
}

/** What one worker works with. When it is of no use any more the worker gets another one. */
export interface Executor<in Item, out Output> {
  /** Settles when it can be given items, or can not any more. Undefined: it can. */
  readonly ready: Promise<void> | undefined
  /** @throws NotBegun when the item was not begun and never will be */
  run(item: Item, attempt: number): Awaitable<Output>
  /** It gets no more items, and none is running. */
  release(): void
  /** Ends it at once, with what is running; idempotent. */
  kill(reason: unknown): Awaitable<void>
}

/** The executor was gone already when it was given the item. */
export class NotBegun extends Error {}
