import type { Clock } from '../core/clock.ts'

/** The longest that a timer of the platform can run, in milliseconds. */
const longest = 2 ** 31 - 1

interface Timer {
  id: ReturnType<typeof setTimeout>
}

/** The clock of the platform. Timers can be as long as one likes. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, milliseconds) {
    const timer: Timer = { id: arm(milliseconds) }
    return timer

    function arm(left: number): Timer['id'] {
      if (left <= longest) return setTimeout(callback, left)
      return setTimeout(() => {
        timer.id = arm(left - longest)
      }, longest)
    }
  },
  clearTimer: (timer) => clearTimeout((timer as Timer).id),
}
