import { waitFor } from '../../core/waitable.ts'
import { checkKeys, checkTime } from '../arguments.ts'
import { backgroundClock } from './background-clock.ts'
import type { Ending } from './ending.ts'
import type { PoolWorkerProgress } from './worker.ts'

/** A pool, counted. */
export interface PoolStats {
  /** Workers that there are, without those that are about to stop. */
  readonly size: number
  /** Items that workers have now. */
  readonly running: number
  /** Items that are done. */
  readonly processed: number
  /** Items that failed for good. */
  readonly failed: number
  /** Attempts that failed, and after which the item was tried again or went back to its channel. */
  readonly retried: number
  /** How often the actor of a worker died. */
  readonly deaths: number
  /** Items done in a second, of late. */
  readonly rate: number
}

/** A pool and all its workers at one moment. */
export interface PoolProgress extends PoolStats {
  readonly workers: readonly PoolWorkerProgress[]
}

/** How often {@link Pool.progress} tells. */
export interface PoolProgressOptions {
  /** Milliseconds from one to the next; at least 1. Default: 1,000. */
  readonly interval?: number | undefined
}

/** Takes a snapshot now and again, the last one once all is over. Checks its options at once. */
export function watchProgress(
  ending: Ending,
  snapshot: () => PoolProgress,
  options: PoolProgressOptions,
): AsyncGenerator<PoolProgress, undefined> {
  checkKeys('the options of progress', options, ['interval'])
  const { interval = 1_000 } = options
  checkTime('interval', interval)
  return snapshots(ending, snapshot, Math.max(1, interval))
}

async function* snapshots(
  ending: Ending,
  snapshot: () => PoolProgress,
  interval: number,
): AsyncGenerator<PoolProgress, undefined> {
  while (!ending.ready()) {
    yield snapshot()
    // Whether the time is over or all is over shows in the loop's condition. Whoever looks on keeps no process alive.
    await waitFor(ending, { timeout: interval }, backgroundClock, 'progress').catch(() => {})
  }
  yield snapshot()
}
