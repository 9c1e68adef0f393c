import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/**
 * Collects this thread's garbage now, all of it.
 *
 * V8 does not count shared memory when it decides whether it is time to collect, so a thread that holds much of it has to ask.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    // Has an effect on contexts that are made from now on.
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  // With arguments it does different things on different versions.
  collect()
}
