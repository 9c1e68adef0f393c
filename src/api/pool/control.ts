import { waitFor } from '../../core/waitable.ts'
import { KlawError } from '../../errors.ts'
import { checkCount } from '../arguments.ts'
import { quiet } from '../quiet.ts'
import { systemClock } from '../system-clock.ts'
import { backgroundClock } from './background-clock.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Ending } from './ending.ts'
import type { ExecutorFactory } from './executor.ts'
import type { Intake } from './intake.ts'
import { checkWithin, type PoolSettings, type ScaleSettings } from './options.ts'
import type { PoolControl } from './pool.ts'
import type { PoolStats } from './progress.ts'
import { type Scalable, Scaler } from './scaler.ts'
import type { PoolWorkerProgress } from './worker.ts'

/** What a {@link Pool} stands on: the dispatcher, with what starts, scales and ends it. */
export class Control<Item, Output = unknown> implements PoolControl<Item> {
  readonly done: Promise<PoolStats>
  readonly #dispatcher: Dispatcher<Item, Output>
  readonly #scale: ScaleSettings | undefined
  readonly #scaler: Scaler | undefined
  readonly #signal: AbortSignal | undefined
  readonly #aborted = () => this.end(this.#signal?.reason)

  /** Starts at once. */
  constructor(intake: Intake<Item>, factory: ExecutorFactory<Item, Output>, settings: PoolSettings<Item, Output>) {
    const { scale, signal } = settings
    const dispatcher = new Dispatcher<Item, Output>(intake, factory, settings, systemClock, () => this.#scaler?.wake())
    this.#dispatcher = dispatcher
    this.#scale = scale
    this.#signal = signal
    if (scale !== undefined)
      this.#scaler = new Scaler(scalable(dispatcher, intake, factory.concurrency), scale, backgroundClock)
    this.done = this.#outcome()
    if (signal?.aborted) {
      this.#aborted()
      return
    }
    signal?.addEventListener('abort', this.#aborted, { once: true })
    dispatcher.staff.resize(settings.size)
  }

  get ending(): Ending {
    return this.#dispatcher.ending
  }

  get size(): number {
    return this.#dispatcher.staff.staying.length
  }

  get unfinished(): readonly Item[] {
    return this.#dispatcher.unfinished
  }

  workers(): PoolWorkerProgress[] {
    const now = systemClock.now()
    return this.#dispatcher.staff.all.map((worker) => worker.progress(now))
  }

  stats(): PoolStats {
    const { running, processed, failed, retried, staff, rate } = this.#dispatcher
    return {
      size: this.size,
      running,
      processed,
      failed,
      retried,
      deaths: staff.deaths,
      rate: rate.perSecond(systemClock.now()),
    }
  }

  resize(size: number): void {
    checkCount('size', size, 1, false)
    if (this.#scale !== undefined) checkWithin('size', size, this.#scale)
    if (this.#dispatcher.isOpen) this.#dispatcher.staff.resize(size)
  }

  close(): void {
    this.#dispatcher.close()
  }

  kill(): Promise<void> {
    return this.#dispatcher.kill(new KlawError('the pool was killed'))
  }

  /** Ends everything at once because of `reason`, which bothers nobody who does not ask. */
  end(reason: unknown): void {
    if (this.#dispatcher.isOver) return
    if (this.#dispatcher.failure === undefined) {
      this.#dispatcher.failure = { error: reason }
      quiet(this.done)
    }
    // It never rejects: what fails on the way shows in `done`.
    void this.#dispatcher.kill(reason)
  }

  async #outcome(): Promise<PoolStats> {
    const dispatcher = this.#dispatcher
    await waitFor(dispatcher.ending, undefined, systemClock, 'done')
    this.#scaler?.stop()
    this.#signal?.removeEventListener('abort', this.#aborted)
    if (dispatcher.failure !== undefined) throw dispatcher.failure.error
    return this.stats()
  }
}

/** What a scaler sees of a dispatcher. */
function scalable<Item, Output>(
  dispatcher: Dispatcher<Item, Output>,
  intake: Intake<Item>,
  concurrency: number,
): Scalable {
  const { staff } = dispatcher
  return {
    get isOpen() {
      return dispatcher.isOpen
    },
    get size() {
      return staff.staying.length
    },
    get isBusy() {
      return dispatcher.running > 0
    },
    get isSaturated() {
      return staff.staying.every((worker) => worker.tasks.size >= concurrency)
    },
    waiting: () => intake.waiting(),
    resize: (size) => staff.resize(size),
    retireIdle(since, most) {
      for (const worker of staff.idleSince(since).slice(0, Math.max(0, most))) staff.retire(worker)
    },
  }
}
