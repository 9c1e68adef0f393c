import type { Clock } from '../../core/clock.ts'
import type { Executor, ExecutorFactory } from './executor.ts'
import { StartAttempts } from './start-attempts.ts'
import type { Task } from './task.ts'
import { Worker } from './worker.ts'

/** What the staff tells whoever gives it work. Called at any time; must not run anybody's code. */
export interface StaffEvents {
  /** A worker has become free, or has gone. */
  changed(): void
  /** Workers can not be started. */
  broken(error: unknown): void
}

/** The workers of a pool: as many as there should be, and each gets a new executor when its own dies. */
export class Staff<Item, Output> {
  readonly #factory: ExecutorFactory<Item, Output>
  readonly #clock: Clock
  readonly #events: StaffEvents
  readonly #workers = new Map<number, Worker<Item, Output>>()
  /** Who has nothing to do; who worked last is at the end and gets the next item, so that with little to do the others are idle for long. */
  readonly #idle: Worker<Item, Output>[] = []
  readonly #starts: StartAttempts
  #nextId = 0
  #isClosing = false
  #isEnded = false
  /** How often a worker's actor has died. */
  deaths = 0

  constructor(factory: ExecutorFactory<Item, Output>, clock: Clock, events: StaffEvents) {
    this.#factory = factory
    this.#clock = clock
    this.#events = events
    this.#starts = new StartAttempts(clock)
  }

  /** All that there are, also those that are about to stop. */
  get all(): Worker<Item, Output>[] {
    return [...this.#workers.values()]
  }

  /** Those that stay. */
  get staying(): Worker<Item, Output>[] {
    return this.all.filter((worker) => !worker.isRetiring && !worker.isStopped)
  }

  get isEmpty(): boolean {
    return this.#workers.size === 0
  }

  /** Why no worker can be started; undefined while that is not so. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#starts.failure
  }

  /** Who gets the next item: somebody who has nothing to do, or else has least to do and can have more. */
  free(): Worker<Item, Output> | undefined {
    const { concurrency } = this.#factory
    const idle = this.#idle.at(-1)
    if (idle !== undefined || concurrency === 1) return idle
    let best: Worker<Item, Output> | undefined
    for (const worker of this.#workers.values()) {
      if (!worker.isReady || worker.isRetiring || worker.tasks.size >= concurrency) continue
      if (best === undefined || worker.tasks.size < best.tasks.size) best = worker
    }
    return best
  }

  /** The worker has got an item. */
  occupy(worker: Worker<Item, Output>, task: Task<Item>): void {
    this.#removeIdle(worker)
    worker.begin(task, this.#clock.now())
  }

  /** The worker has finished with the item, one way or the other. */
  vacate(worker: Worker<Item, Output>, task: Task<Item>): void {
    worker.end(task, this.#clock.now())
    if (worker.isReady) worker.failedStarts = 0
    if (worker.tasks.size > 0 || worker.isStopped) return
    if (worker.isRetiring) this.#stop(worker)
    else if (worker.isReady) this.#idle.push(worker)
  }

  /** Makes it as many as there should be. Whoever works on something finishes it first. */
  resize(target: number): void {
    for (const worker of this.all) {
      if (this.staying.length >= target) break
      if (worker.executor !== undefined) worker.isRetiring = false
    }
    while (this.staying.length < target) this.#hire()
    while (this.staying.length > target) this.retire(this.#leastNeeded())
  }

  /** Stops a worker once it has finished what it has. */
  retire(worker: Worker<Item, Output>): void {
    worker.isRetiring = true
    if (worker.tasks.size === 0) this.#stop(worker)
  }

  /** Workers that have been idle since `time` or longer, the longest first. */
  idleSince(time: number): Worker<Item, Output>[] {
    return this.#idle.filter((worker) => worker.idleSince <= time)
  }

  /** From now on whoever dies is not replaced. */
  close(): void {
    this.#isClosing = true
  }

  /**
   * The executor has died, with all that it had. The worker gets another one.
   *
   * @param begun whether it was given something before
   */
  died(worker: Worker<Item, Output>, executor: Executor<Item, Output>, reason: unknown, begun: boolean): void {
    // Of many items that it had, the first that fails says so.
    if (worker.executor !== executor) return
    this.deaths++
    this.#letGo(worker)
    // Nothing is left to be ended, as a rule, and nobody could do more about it.
    Promise.resolve(executor.kill(reason)).catch(() => {})
    if (this.#isEnded || worker.isRetiring) return
    if (this.#isClosing) this.retire(worker)
    else if (begun || this.#mayTryAgain(worker, reason)) {
      worker.restarted()
      this.#start(worker)
    }
  }

  /** Everything is done. The workers are still to be seen, as stopped. */
  end(): void {
    this.#isEnded = true
    this.#starts.cancel()
    for (const worker of this.#workers.values()) {
      this.#letGo(worker)?.release()
      worker.isStopped = true
    }
  }

  /** Ends everybody at once, with what they are doing. */
  async kill(reason: unknown): Promise<void> {
    this.#isEnded = true
    this.#starts.cancel()
    const kills: unknown[] = []
    for (const worker of this.#workers.values()) {
      kills.push(this.#letGo(worker)?.kill(reason))
      worker.isStopped = true
    }
    // What can not be ended any more has ended, with its engine.
    await Promise.allSettled(kills)
  }

  #hire(): void {
    const worker = new Worker<Item, Output>(this.#nextId++, this.#clock.now())
    this.#workers.set(worker.id, worker)
    this.#start(worker)
  }

  #start(worker: Worker<Item, Output>): void {
    const executor = this.#factory.create(worker.id)
    worker.executor = executor
    if (executor.ready === undefined) this.#started(worker)
    else
      executor.ready.then(
        () => worker.executor === executor && this.#started(worker),
        (error) => worker.executor === executor && this.#startFailed(worker, executor, error),
      )
  }

  #started(worker: Worker<Item, Output>): void {
    this.#starts.succeeded()
    worker.isReady = true
    worker.idleSince = this.#clock.now()
    if (worker.tasks.size === 0) this.#idle.push(worker)
    this.#events.changed()
  }

  #startFailed(worker: Worker<Item, Output>, executor: Executor<Item, Output>, error: unknown): void {
    this.#letGo(worker)
    executor.release()
    if (!this.#mayTryAgain(worker, error)) return
    this.#starts.later(worker.failedStarts, () => {
      if (!worker.isStopped) this.#start(worker)
    })
  }

  /** Another start has failed. If too many have, the worker stops, and so will the pool. */
  #mayTryAgain(worker: Worker<Item, Output>, error: unknown): boolean {
    worker.failedStarts++
    if (this.#starts.mayTryAgain(worker.failedStarts, error, this.#factory.blame(error))) return true
    this.retire(worker)
    this.#events.broken(error)
    return false
  }

  /** Who has not started yet, else who has been idle longest, else who came last. */
  #leastNeeded(): Worker<Item, Output> {
    const staying = this.staying
    const starting = staying.findLast((worker) => !worker.isReady && worker.tasks.size === 0)
    return starting ?? this.#idle[0] ?? (staying.at(-1) as Worker<Item, Output>)
  }

  #stop(worker: Worker<Item, Output>): void {
    this.#letGo(worker)?.release()
    worker.isStopped = true
    this.#workers.delete(worker.id)
    this.#events.changed()
  }

  /** From now on the worker has no executor. Returns the one that it had. */
  #letGo(worker: Worker<Item, Output>): Executor<Item, Output> | undefined {
    const { executor } = worker
    worker.executor = undefined
    worker.isReady = false
    this.#removeIdle(worker)
    return executor
  }

  #removeIdle(worker: Worker<Item, Output>): void {
    if (this.#idle.at(-1) === worker) this.#idle.pop()
    else if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1)
  }
}
