import type { Clock } from '../../core/clock.ts'
import type { Blame } from './executor.ts'

/** How often in a row a start may fail, once there was one that did not. */
const mostFailures = 3
/** Milliseconds after a first failed start; twice as many after each further one. */
const firstPause = 100

/**
 * Whether it is worth while to start another worker. When the very first one can not start, something is wrong with its class, its arguments or its options;
 * later it may be that what it needs comes back.
 */
export class StartAttempts {
  readonly #clock: Clock
  readonly #timers = new Set<unknown>()
  #everSucceeded = false
  #failures = 0
  #failure: { readonly error: unknown } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why nothing is started any more. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  succeeded(): void {
    this.#everSucceeded = true
    this.#failures = 0
  }

  /** Calls `again` after a while and returns true, or returns false when that would be in vain. */
  failed(error: unknown, blame: Blame, again: () => void): boolean {
    this.#failures++
    if (!this.#everSucceeded || blame === 'everything' || this.#failures >= mostFailures) this.#failure ??= { error }
    if (this.#failure !== undefined) return false
    const timer = this.#clock.setTimer(
      () => {
        this.#timers.delete(timer)
        again()
      },
      firstPause * 2 ** (this.#failures - 1),
    )
    this.#timers.add(timer)
    return true
  }

  /** Nothing is to be started any more. */
  cancel(): void {
    for (const timer of this.#timers) this.#clock.clearTimer(timer)
    this.#timers.clear()
  }
}
