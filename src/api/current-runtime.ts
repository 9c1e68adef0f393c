import { KlawError } from '../errors.ts'
import { Runtime } from './runtime.ts'
import { openRuntimes } from './runtime-registry.ts'

/**
 * The runtime that the code runs in: inside an actor or a task its own, in a program the only one that is open.
 *
 * @throws KlawError when none is open in this thread, or several are
 *
 * @example
 * ```ts
 * import { actor, currentRuntime } from '@klaw/core'
 *
 * export const Keeper = actor(import.meta, class Keeper {
 *   keep(value: unknown) {
 *     return { ref: currentRuntime().put(value) }
 *   }
 * })
 * ```
 */
export function currentRuntime(): Runtime {
  const runtimes = [...openRuntimes()].filter((runtime): runtime is Runtime => runtime instanceof Runtime)
  const [runtime] = runtimes
  if (runtime === undefined) throw new KlawError('currentRuntime(): no runtime is open in this thread, connect() first')
  if (runtimes.length > 1) {
    throw new KlawError(
      `currentRuntime() is ambiguous, ${runtimes.length} runtimes are open: use the one that connect() returned`,
    )
  }
  return runtime
}
