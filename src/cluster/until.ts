import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 20

/** Asks again and again until the condition holds; false if it does not within `timeout` milliseconds. */
export async function until(holds: () => boolean | Promise<boolean>, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout
  while (!(await holds())) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}
