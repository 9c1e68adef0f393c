import type { Clock } from '../../core/clock.ts'

/** The clock of the platform, with timers that do not keep a process alive. They can not be longer than 24 days. */
export const backgroundClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, milliseconds) {
    const timer: unknown = setTimeout(callback, Math.min(milliseconds, longest))
    // A browser's timer is a number.
    ;(timer as { unref?(): void }).unref?.()
    return timer
  },
  clearTimer: (timer) => clearTimeout(timer as Parameters<typeof clearTimeout>[0]),
}

const longest = 2 ** 31 - 1
