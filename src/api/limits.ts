import { show } from './check-options.ts'

/** How long something may wait, as callers say it. */
export interface Limits {
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The longest that a timer can run; it would fire at once past that. */
const longestTimer = 2 ** 31 - 1

/** Throws a `TypeError` or `RangeError` when the limits are no limits. `negative` is said of a timeout below 0. */
export function checkLimits(
  { timeout, signal }: Limits,
  negative = "'timeout' must be a number of milliseconds that is not negative",
): void {
  if (timeout !== undefined) {
    if (typeof timeout !== 'number') throw new TypeError(`'timeout' must be a number of milliseconds, got ${show(timeout)}`)
    if (!(timeout >= 0)) throw new RangeError(`${negative}, got ${timeout}`)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`'signal' must be an AbortSignal, got ${show(signal)}`)
  }
}

/**
 * Calls `timedOut` when the time is over, or `aborted` when the signal aborts, whichever comes first.
 * Returns how to let go of the timer and the signal; has to be called once what was waited for has settled.
 */
export function watchLimits({ timeout, signal }: Limits, timedOut: () => void, aborted: (reason: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const abort = () => aborted(signal?.reason)
  const run = (left: number) => {
    const slice = Math.min(left, longestTimer)
    timer = setTimeout(() => (left > slice ? run(left - slice) : timedOut()), slice)
  }
  if (timeout !== undefined && timeout !== Number.POSITIVE_INFINITY) run(timeout)
  signal?.addEventListener('abort', abort)
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
