import { ChannelTimeout } from '../errors.ts'
import { type AbortListener, listenTo, stopListeningTo } from './abort-listeners.ts'
import type { Clock } from './clock.ts'
import type { WaitOptions } from './ports.ts'

/** Ends a waiting operation when its signal aborts or its time is over, whichever comes first. */
export class Interrupt implements AbortListener {
  readonly #signal: AbortSignal | undefined
  readonly #clock: Clock
  readonly #fire: (error: unknown) => void
  #timer: unknown

  /** `fire` is called at most once, and not after `clear`. The caller has made sure that the signal has not aborted yet. */
  constructor(options: WaitOptions, clock: Clock, operation: string, fire: (error: unknown) => void) {
    const { signal, timeout } = options
    this.#signal = signal
    this.#clock = clock
    this.#fire = fire
    if (signal !== undefined) listenTo(signal, this)
    if (timeout !== undefined && timeout !== Number.POSITIVE_INFINITY) {
      this.#timer = clock.setTimer(() => this.#end(timedOut(operation, timeout)), timeout)
    }
  }

  /** The signal has aborted. */
  aborted(): void {
    this.#end(this.#signal?.reason)
  }

  /** Lets go of the timer and the signal. */
  clear(): void {
    if (this.#signal !== undefined) stopListeningTo(this.#signal, this)
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #end(error: unknown): void {
    this.clear()
    this.#fire(error)
  }
}

export function timedOut(operation: string, timeout: number): ChannelTimeout {
  return new ChannelTimeout(`${operation} did not succeed within ${timeout} ms`, { timeout })
}

/** Waits for work that has no effect of its own, no longer than the options allow. A timeout of 0 does not limit it. */
export function interruptible<T>(
  work: Promise<T>,
  options: WaitOptions | undefined,
  clock: Clock,
  operation: string,
): Promise<T> {
  if (options === undefined) return work
  return new Promise((resolve, reject) => {
    const timeout = options.timeout === 0 ? undefined : options.timeout
    const interrupt = new Interrupt({ timeout, signal: options.signal }, clock, operation, reject)
    work.then(resolve, reject).finally(() => interrupt.clear())
  })
}
