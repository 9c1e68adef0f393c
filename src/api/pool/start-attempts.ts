import type { Clock } from '../../core/clock.ts'
import type { Blame } from './executor.ts'

/** How often in a row a worker may fail to start, once one has started. */
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
  }

  /** Whether it is worth while to start once more, after `failures` in a row. If not, that is `failure` from now on. */
  mayTryAgain(failures: number, error: unknown, blame: Blame): boolean {
    if (!this.#everSucceeded || blame === 'everything' || failures >= mostFailures) this.#failure ??= { error }
    return this.#failure === undefined
  }

  /** Calls `start` after a pause, which is longer after more failures. */
  later(failures: number, start: () => void): void {
    const timer = this.#clock.setTimer(
      () => {
        this.#timers.delete(timer)
        start()
      },
      firstPause * 2 ** (failures - 1),
    )
    this.#timers.add(timer)
  }

  /** Nothing is to be started any more. */
  cancel(): void {
    for (const timer of this.#timers) this.#clock.clearTimer(timer)
    this.#timers.clear()
  }
}
