import type { WaitOptions } from '../core/ports.ts'
import { systemClock } from './system-clock.ts'

/**
 * Calls `timedOut` when the time is over, or `aborted` when the signal aborts, whichever comes first.
 * Returns how to let go of the timer and the signal; has to be called once what was waited for has settled.
 */
export function watchLimits(
  { timeout, signal }: WaitOptions,
  timedOut: () => void,
  aborted: (reason: unknown) => void,
): () => void {
  const abort = () => aborted(signal?.reason)
  const timed = timeout !== undefined && timeout !== Number.POSITIVE_INFINITY
  const timer = timed ? systemClock.setTimer(timedOut, timeout) : undefined
  signal?.addEventListener('abort', abort)
  return () => {
    if (timer !== undefined) systemClock.clearTimer(timer)
    signal?.removeEventListener('abort', abort)
  }
}
