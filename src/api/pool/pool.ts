import type { WaitOptions } from '../../core/ports.ts'
import { waitFor } from '../../core/waitable.ts'
import { waitFault } from '../arguments.ts'
import { systemClock } from '../system-clock.ts'
import type { Ending } from './ending.ts'
import { type PoolProgress, type PoolProgressOptions, type PoolStats, watchProgress } from './progress.ts'
import type { PoolWorkerProgress } from './worker.ts'

/** What a pool stands on. */
export interface PoolControl<out Item> {
  readonly ending: Ending
  readonly done: Promise<PoolStats>
  readonly size: number
  readonly unfinished: readonly Item[]
  workers(): readonly PoolWorkerProgress[]
  stats(): PoolStats
  resize(size: number): void
  close(): void
  kill(): Promise<void>
}

/**
 * Workers that take items out of a channel, each one when it is free. Made by {@link pool}, and by `klaw.pool`.
 *
 * It has a receiver of its own for as long as it runs, and ends by itself when the channel has closed and everything in it is done.
 */
export class Pool<out Item> implements AsyncDisposable {
  readonly #control: PoolControl<Item>

  /** @internal */
  constructor(control: PoolControl<Item>) {
    this.#control = control
  }

  /**
   * Settles when all is over: with the final counts when the channel was drained, or the pool was ended by `close` or `kill`.
   *
   * Rejects, once what was running has finished, with the first error that nobody was there for: that of an item when there is no
   * `onError`, what a listener threw, why no worker can be started, what the channel failed with. Rejects at once with the reason of the pool's
   * signal, and with `RuntimeClosedError`.
   *
   * As with any async function, somebody has to be there when it fails: if nobody ever awaits `done`, an error of an item is an
   * unhandled rejection. The end of the runtime is none.
   */
  get done(): Promise<PoolStats> {
    return this.#control.done
  }

  /** How many workers there are, without those that stop once they have finished what they have. */
  get size(): number {
    return this.#control.size
  }

  /** What each worker does, and how much it has done. Those that have stopped while the pool goes on are not among them. */
  get workers(): readonly PoolWorkerProgress[] {
    return this.#control.workers()
  }

  /**
   * Items that the pool had taken and has not done because it was ended at once or failed, and that no `onError` was told of. An acknowledged channel gets
   * such items back instead.
   */
  get unfinished(): readonly Item[] {
    return this.#control.unfinished
  }

  stats(): PoolStats {
    return this.#control.stats()
  }

  /**
   * What {@link stats} and {@link workers} say, now, again and again, and once more when all is over, which ends it. Does not keep the
   * process alive; leaving the loop costs nothing.
   *
   * @example
   * ```ts
   * import { channel, pool } from '@klaw/core'
   *
   * const [tx, rx] = channel<number>()
   * const squares = pool(rx, (value) => value * value, { size: 2 })
   * await tx.sendBatch([1, 2, 3])
   * tx.close()
   * for await (const { processed, workers } of squares.progress({ interval: 500 })) {
   *   console.log(processed, workers.map((worker) => worker.state))
   * }
   * await squares.done
   * ```
   */
  progress(options: PoolProgressOptions = {}): AsyncIterableIterator<PoolProgress, undefined> {
    return watchProgress(this.#control.ending, () => ({ ...this.stats(), workers: this.workers }), options)
  }

  /**
   * Changes how many workers there are. Those that are too many stop once they have finished what they have. Does nothing once the pool is closed.
   *
   * @throws TypeError, RangeError when `size` is no positive integer, or not within the pool's `scale`
   */
  resize(size: number): void {
    this.#control.resize(size)
  }

  /**
   * Takes nothing more, and settles when what has been taken is done. Idempotent. It does not throw what the pool failed with: `done` does.
   *
   * Cancel safety: when it was aborted or timed out the pool is closing all the same; call {@link kill} if it takes too long.
   *
   * @throws ChannelTimeout when not all was done in time
   * @throws the signal's reason, when it aborts
   */
  async close(options?: WaitOptions): Promise<void> {
    const fault = waitFault(options)
    if (fault !== undefined) throw fault
    this.#control.close()
    await waitFor(this.#control.ending, options, systemClock, 'close')
  }

  /**
   * Ends all workers at once, with what they are doing. Idempotent. Actors are killed; handlers see their signal abort, and nobody waits for them. What had
   * been taken is in {@link unfinished}, or goes back to its acknowledged channel.
   */
  async kill(): Promise<void> {
    await this.#control.kill()
    // Somebody else may have ended it a moment ago.
    await waitFor(this.#control.ending, undefined, systemClock, 'kill')
  }

  /** Like {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
