import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
export const collectGarbage = runInNewContext('gc') as () => void

/** Collects garbage until `done` holds, with turns of the event loop in between for finalizers and messages. Gives up after ten seconds. */
export async function collectUntil(done: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`not collected after ten seconds: ${done}`)
    collectGarbage()
    await sleep(5)
  }
}
