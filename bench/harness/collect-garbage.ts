import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// By a flag set here rather than on the command line, so that worker threads need none.
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collects all garbage of this thread now. */
export function collectGarbage(): void {
  gc()
}
