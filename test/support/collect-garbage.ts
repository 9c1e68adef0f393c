import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
export const collectGarbage = runInNewContext('gc') as () => void

/** Milliseconds; actors on Ray take seconds to start where the machine is busy. */
const patience = 45_000

/** Collects garbage until `done` holds, with turns of the event loop in between for finalizers and messages. Gives up after a while. */
export async function collectUntil(done: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + patience
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`not collected after ${patience} ms: ${done}`)
    collectGarbage()
    await sleep(5)
  }
}
