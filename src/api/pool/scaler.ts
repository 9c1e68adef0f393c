import type { Clock } from '../../core/clock.ts'
import type { ScaleSettings } from './options.ts'

/** What the scaler looks at, and what it can do. */
export interface Scalable {
  /** Whether items may still be taken. */
  readonly isOpen: boolean
  /** How many workers there are. */
  readonly size: number
  /** Whether some of them have something to do. */
  readonly isBusy: boolean
  /** Whether all of them have all that they can have. */
  readonly isSaturated: boolean
  /** Items in the channel. */
  waiting(): Promise<number>
  resize(size: number): void
  /** Retires workers that have been idle since then, at most so many. */
  retireIdle(since: number, most: number): void
}

/**
 * Decides how many workers there should be, by looking at them now and then.
 *
 * More, when items wait and all workers were busy twice in a row: twice as many, but no more than items wait. Fewer, when some had
 * nothing to do for long. Its timer runs only while there is something to decide, and does not keep the process alive.
 */
export class Scaler {
  readonly #pool: Scalable
  readonly #settings: ScaleSettings
  readonly #clock: Clock
  #timer: unknown
  #wasSaturated = false

  constructor(pool: Scalable, settings: ScaleSettings, clock: Clock) {
    this.#pool = pool
    this.#settings = settings
    this.#clock = clock
  }

  /** Something has happened. */
  wake(): void {
    if (!this.#pool.isOpen) this.stop()
    else if (this.#timer === undefined && this.#isOfUse()) this.#watch()
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #isOfUse(): boolean {
    const { min, max } = this.#settings
    const { size, isBusy } = this.#pool
    return size > min || (isBusy && size < max)
  }

  #watch(): void {
    this.#timer = this.#clock.setTimer(() => void this.#look(), this.#settings.busyTime)
  }

  /** Never rejects. The timer counts as running until all is decided. */
  async #look(): Promise<void> {
    const pool = this.#pool
    const { min, max, idleTime } = this.#settings
    pool.retireIdle(this.#clock.now() - idleTime, pool.size - min)
    const { isSaturated } = pool
    if (isSaturated && this.#wasSaturated && pool.size < max) {
      const waiting = await this.#waiting()
      if (pool.isOpen && waiting > 0) pool.resize(Math.min(max, pool.size + Math.min(waiting, pool.size)))
    }
    this.#wasSaturated = isSaturated
    this.#timer = undefined
    this.wake()
  }

  async #waiting(): Promise<number> {
    try {
      return await this.#pool.waiting()
    } catch {
      // The channel is gone: whoever waits for its items learns why.
      return 0
    }
  }
}
