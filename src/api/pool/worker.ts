import type { Executor } from './executor.ts'
import { Rate } from './rate.ts'
import type { Task } from './task.ts'

/** What a worker is doing. `dead`: what it worked with has ended, and it waits before it starts again. */
export type PoolWorkerState = 'starting' | 'idle' | 'busy' | 'dead' | 'stopped'

/** How far one worker of a pool is. */
export interface PoolWorkerProgress {
  readonly id: number
  readonly state: PoolWorkerState
  /** Items that it has done. */
  readonly processed: number
  /** Attempts of its own that failed; some of these items may have been done afterwards, by it or by another worker. */
  readonly failed: number
  /** Items that it has now. More than 1 with `concurrency`. */
  readonly running: number
  /** Milliseconds since it has been busy without a break; 0 when it is not. */
  readonly busyFor: number
  /** Items done in a second, of late. */
  readonly rate: number
  /** How often its actor died and was replaced. */
  readonly restarts: number
}

/** One place in a pool: it outlives the executors that work in it. */
export class Worker<Item, Output> {
  readonly id: number
  /** What it has been given and has not finished. */
  readonly tasks = new Set<Task<Item>>()
  executor: Executor<Item, Output> | undefined
  /** Whether the executor takes items. */
  isReady = false
  /** It is to stop once it has finished what it has. */
  isRetiring = false
  isStopped = false
  /** How many of its executors in a row could not be started, or ended before they were given anything. */
  failedStarts = 0
  /** When it became idle, on the pool's clock; meaningful while it is. */
  idleSince: number
  #busySince = 0
  #processed = 0
  #failed = 0
  #restarts = 0
  readonly #rate: Rate

  constructor(id: number, now: number) {
    this.id = id
    this.idleSince = now
    this.#rate = new Rate(now)
  }

  begin(task: Task<Item>, now: number): void {
    if (this.tasks.size === 0) this.#busySince = now
    this.tasks.add(task)
  }

  end(task: Task<Item>, now: number): void {
    this.tasks.delete(task)
    if (this.tasks.size === 0) this.idleSince = now
  }

  succeeded(now: number): void {
    this.#processed++
    this.#rate.count(now)
  }

  attemptFailed(): void {
    this.#failed++
  }

  restarted(): void {
    this.#restarts++
  }

  get state(): PoolWorkerState {
    if (this.isStopped) return 'stopped'
    if (this.tasks.size > 0) return 'busy'
    if (this.isReady) return 'idle'
    return this.executor === undefined ? 'dead' : 'starting'
  }

  progress(now: number): PoolWorkerProgress {
    const { state } = this
    return {
      id: this.id,
      state,
      processed: this.#processed,
      failed: this.#failed,
      running: this.tasks.size,
      busyFor: state === 'busy' ? now - this.#busySince : 0,
      rate: this.#rate.perSecond(now),
      restarts: this.#restarts,
    }
  }
}
