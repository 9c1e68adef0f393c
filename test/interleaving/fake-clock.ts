import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly due: number
  readonly number: number
  readonly callback: () => void
}

/** A clock that stands still until it is turned. */
export class FakeClock implements Clock {
  #now = 0
  #number = 0
  readonly #timers = new Set<Timer>()

  /** Timers that have neither fired nor been cleared. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  setTimer(callback: () => void, milliseconds: number): unknown {
    const timer = { due: this.#now + milliseconds, number: this.#number++, callback }
    this.#timers.add(timer)
    return timer
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as Timer)
  }

  /** Fires what falls due on the way, in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer)
      this.#now = Math.max(this.#now, timer.due)
      timer.callback()
    }
    this.#now = end
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.due > end) continue
      if (first === undefined || timer.due < first.due || (timer.due === first.due && timer.number < first.number))
        first = timer
    }
    return first
  }
}
