import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Collects all garbage, also that which the promises of this turn still hold. */
export async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await nextTurn()
    collect()
  }
}

/** Bytes in use after a collection. */
export async function heapUsed(): Promise<number> {
  await collectGarbage()
  return process.memoryUsage().heapUsed
}

/** How many of the objects are still alive after a collection. */
export async function alive(references: readonly WeakRef<object>[]): Promise<number> {
  await collectGarbage()
  return references.filter((reference) => reference.deref() !== undefined).length
}
