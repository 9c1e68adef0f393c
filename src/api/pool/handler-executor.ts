import type { Awaitable } from '../../result.ts'
import type { Blame, Executor, ExecutorFactory } from './executor.ts'

/** What a handler is told about the attempt that it makes. */
export interface PoolContext {
  /** The id of the worker, see {@link PoolWorker}. One worker calls the handler once at a time. */
  readonly worker: number
  /** 1 when the item is tried for the first time. */
  readonly attempt: number
  /** Aborts when the pool is ended at once: by `kill`, by its signal, or with its runtime. */
  readonly signal: AbortSignal
}

/** A function that deals with one item. */
export type PoolHandler<in Item, out Output> = (item: Item, context: PoolContext) => Awaitable<Output>

/** Workers that call a function of this process. */
export class HandlerFactory<Item, Output> implements ExecutorFactory<Item, Output> {
  readonly concurrency = 1
  readonly #handler: PoolHandler<Item, Output>

  constructor(handler: PoolHandler<Item, Output>) {
    this.#handler = handler
  }

  create(worker: number): Executor<Item, Output> {
    return new HandlerExecutor(worker, this.#handler)
  }

  blame(): Blame {
    return 'item'
  }
}

class HandlerExecutor<Item, Output> implements Executor<Item, Output> {
  readonly ready = undefined
  readonly #worker: number
  readonly #handler: PoolHandler<Item, Output>
  // One for each worker: handlers that listen to it would be too many for the only signal of a large pool.
  readonly #abort = new AbortController()

  constructor(worker: number, handler: PoolHandler<Item, Output>) {
    this.#worker = worker
    this.#handler = handler
  }

  run(item: Item, attempt: number): Awaitable<Output> {
    return this.#handler(item, { worker: this.#worker, attempt, signal: this.#abort.signal })
  }

  release(): void {}

  kill(reason: unknown): void {
    this.#abort.abort(reason)
  }
}
