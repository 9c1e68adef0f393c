import type { Clock } from '../../core/clock.ts'
import { ChannelBackendError, ChannelClosed, RuntimeClosedError } from '../../errors.ts'
import { Ending } from './ending.ts'
import { type Executor, type ExecutorFactory, NotBegun } from './executor.ts'
import type { Arrival, Intake } from './intake.ts'
import { Rate } from './rate.ts'
import { Staff } from './staff.ts'
import type { Task } from './task.ts'
import type { Worker } from './worker.ts'

/** How failures are dealt with, and who is told of what. */
export interface DispatcherSettings<in Item, in Output> {
  readonly retries: number
  readonly retryErrors: boolean
  readonly onResult: ((result: Output, item: Item) => unknown) | undefined
  readonly onError: ((error: unknown, item: Item) => unknown) | undefined
  readonly onUnreadable: ((error: unknown) => unknown) | undefined
}

/**
 * Takes items out of the channel and gives them to workers, and sees to it that every item that was taken is done, given back or reported.
 *
 * Everything that happens only marks the state and asks for a {@link #pump}, which runs by itself: so a handler never runs on the stack of a
 * sender, nor within one of the pool's own methods.
 */
export class Dispatcher<Item, Output> {
  readonly staff: Staff<Item, Output>
  readonly rate: Rate
  /** When all is over. */
  readonly ending = new Ending()
  /** Why it ended before the channel did. */
  failure: { readonly error: unknown } | undefined
  /** Items that were taken and will not be done. */
  readonly unfinished: Item[] = []
  processed = 0
  failed = 0
  retried = 0
  running = 0
  #phase: 'open' | 'closing' | 'over' = 'open'
  readonly #intake: Intake<Item>
  readonly #factory: ExecutorFactory<Item, Output>
  readonly #settings: DispatcherSettings<Item, Output>
  readonly #clock: Clock
  readonly #afterPump: () => void
  /** What was taken and waits for a worker: what is tried again, and what came as the last free worker went. */
  readonly #backlog: Task<Item>[] = []
  #isScheduled = false

  constructor(
    intake: Intake<Item>,
    factory: ExecutorFactory<Item, Output>,
    settings: DispatcherSettings<Item, Output>,
    clock: Clock,
    afterPump: () => void,
  ) {
    this.#intake = intake
    this.#factory = factory
    this.#settings = settings
    this.#clock = clock
    this.#afterPump = afterPump
    this.rate = new Rate(clock.now())
    this.staff = new Staff(factory, clock, {
      changed: () => this.schedule(),
      broken: (error) => this.fail(error),
    })
  }

  /** Whether it still takes items out of the channel. */
  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  get isOver(): boolean {
    return this.#phase === 'over'
  }

  /** Takes nothing more. What was taken is still done. */
  close(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#intake.leave()
    this.staff.close()
    this.schedule()
  }

  /** Like {@link close}, because of an error. Only the first counts. */
  fail(error: unknown): void {
    if (this.#phase === 'over') return
    this.failure ??= { error }
    this.close()
    this.schedule()
  }

  /** Ends everything at once. What has been taken is unfinished, or goes back to the channel. */
  async kill(reason: unknown): Promise<void> {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#intake.leave()
    const taken = [...this.staff.all.flatMap((worker) => [...worker.tasks]), ...this.#backlog.splice(0)]
    for (const { delivery, value } of taken) if (delivery === undefined) this.unfinished.push(value)
    // Before what they have goes back, since others might begin with it.
    await this.staff.kill(reason)
    await this.#leaveChannel()
  }

  schedule(): void {
    if (this.#isScheduled || this.#phase === 'over') return
    this.#isScheduled = true
    queueMicrotask(this.#pump)
  }

  readonly #pump = () => {
    this.#isScheduled = false
    let worker = this.staff.free()
    while (worker !== undefined && this.#phase !== 'over') {
      const task = this.#backlog.shift() ?? this.#take()
      if (task === undefined) break
      void this.#work(worker, task)
      worker = this.staff.free()
    }
    if (this.#phase === 'over') return
    if (this.#phase === 'open' && worker !== undefined) this.#intake.wait(this.#arrived)
    else this.#intake.leave()
    if (this.#backlog.length > 0 && this.staff.isEmpty) this.#findSomebody()
    if (this.#phase === 'closing' && this.running === 0 && this.#backlog.length === 0) void this.#finish()
    else this.#afterPump()
  }

  #take(): Task<Item> | undefined {
    if (this.#phase !== 'open') return undefined
    const arrival = this.#intake.take()
    if (arrival === undefined || arrival.ok) return arrival?.value
    this.#receivedNothing(arrival.error)
    return undefined
  }

  readonly #arrived = (arrival: Arrival<Item>) => {
    if (arrival.ok) this.#backlog.push(arrival.value)
    else this.#receivedNothing(arrival.error)
    this.schedule()
  }

  #receivedNothing(error: Error): void {
    if (error instanceof ChannelClosed) this.close()
    else if (error instanceof ChannelBackendError || error instanceof RuntimeClosedError) this.fail(error)
    else void this.#unreadable(error)
  }

  /** An item was taken of which nothing but an error is left. Never rejects. */
  async #unreadable(error: Error): Promise<void> {
    this.failed++
    const { onUnreadable } = this.#settings
    if (onUnreadable === undefined) return this.fail(error)
    this.running++
    try {
      // A sender may stand on the stack.
      await null
      await onUnreadable(error)
    } catch (thrown) {
      this.fail(thrown)
    }
    this.running--
    this.schedule()
  }

  /** Never rejects. */
  async #work(worker: Worker<Item, Output>, task: Task<Item>): Promise<void> {
    const executor = worker.executor as Executor<Item, Output>
    this.running++
    this.staff.occupy(worker, task)
    try {
      const output = await executor.run(task.value, task.attempt)
      if (this.#phase !== 'over') await this.#succeeded(worker, task, output)
    } catch (error) {
      if (this.#phase !== 'over') await this.#attemptFailed(worker, executor, task, error)
    }
    this.running--
    this.staff.vacate(worker, task)
    this.schedule()
  }

  async #succeeded(worker: Worker<Item, Output>, task: Task<Item>, output: Output): Promise<void> {
    const now = this.#clock.now()
    this.processed++
    this.rate.count(now)
    worker.succeeded(now)
    await this.#tell(task, () => this.#settings.onResult?.(output, task.value))
  }

  async #attemptFailed(
    worker: Worker<Item, Output>,
    executor: Executor<Item, Output>,
    task: Task<Item>,
    error: unknown,
  ): Promise<void> {
    if (error instanceof NotBegun) {
      this.#backlog.unshift(task)
      this.staff.died(worker, executor, error.cause, false)
      return
    }
    worker.attemptFailed()
    const blame = this.#factory.blame(error)
    const { retries, retryErrors } = this.#settings
    if (blame === 'everything') {
      this.fail(error)
      this.#giveBack(task)
    } else if ((blame === 'worker' || retryErrors) && task.attempt <= retries) this.#tryAgain(task)
    else await this.#giveUp(task, error)
    if (blame === 'worker') this.staff.died(worker, executor, error, true)
  }

  #tryAgain(task: Task<Item>): void {
    this.retried++
    if (task.delivery === undefined) this.#backlog.push({ ...task, attempt: task.attempt + 1 })
    else task.delivery.nack()
  }

  /** The item has failed for good. Without anybody who is told, that is the end of the pool. */
  async #giveUp(task: Task<Item>, error: unknown): Promise<void> {
    this.failed++
    const { onError } = this.#settings
    if (onError !== undefined) return this.#tell(task, () => onError(error, task.value))
    this.fail(error)
    this.#giveBack(task)
  }

  /** Once `listener` has settled, the item is done with. If it throws, that is the end of the pool. */
  async #tell(task: Task<Item>, listener: () => unknown): Promise<void> {
    try {
      await listener()
      if (this.#phase !== 'over') task.delivery?.ack()
    } catch (error) {
      if (this.#phase === 'over') return
      this.fail(error)
      this.#giveBack(task)
    }
  }

  #giveBack(task: Task<Item>): void {
    if (task.delivery === undefined) this.unfinished.push(task.value)
    else task.delivery.nack()
  }

  /** Nobody is left for what has to be done: all have retired, or can not be started. */
  #findSomebody(): void {
    if (this.staff.failure === undefined) this.staff.resize(1)
    else for (const task of this.#backlog.splice(0)) this.#giveBack(task)
  }

  async #finish(): Promise<void> {
    this.#phase = 'over'
    this.staff.end()
    await this.#leaveChannel()
  }

  async #leaveChannel(): Promise<void> {
    try {
      await this.#intake.close()
    } catch (error) {
      this.failure ??= { error }
    }
    this.ending.reach()
    this.#afterPump()
  }
}
