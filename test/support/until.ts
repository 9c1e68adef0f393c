import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the condition holds. One that never does ends in the test's own timeout. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(2)
}
