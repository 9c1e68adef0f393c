import type { Awaitable } from '@klaw/core'
import { collectGarbage } from './collect-garbage.ts'
import type { Contender, Scale } from './definition.ts'

/** Things of which many can be open. */
export interface Openable<Thing> {
  open(count: number): Awaitable<readonly Thing[]>
  /** Shows that all of them work, and closes them. */
  use(things: readonly Thing[]): Awaitable<void>
  stop?(): Awaitable<void>
}

/** How many are opened. */
export interface Many {
  readonly full: number
  readonly quick: number
}

/**
 * A contender of a benchmark whose metrics are `memory` and `time`, for each of many open things.
 *
 * @param memory `heap`: the heap of this thread; `process`: what the whole process holds, other threads included
 */
export function manyOf<Thing>(
  id: string,
  name: string,
  memory: 'heap' | 'process',
  start: (scale: Scale) => Awaitable<Openable<Thing>>,
  { full, quick }: Many,
): Contender {
  return {
    id,
    name,
    async start(scale) {
      const { open, use, stop } = await start(scale)
      const count = scale.count(full, quick)
      // What the first ones need once, code above all, is not theirs.
      await use(await open(10))
      return {
        async round() {
          const before = used(memory)
          const begin = performance.now()
          const things = await open(count)
          const taken = performance.now() - begin
          const bytes = used(memory) - before
          await use(things)
          return { memory: bytes / count, time: (taken * 1000) / count }
        },
        stop: () => stop?.(),
      }
    },
  }
}

function used(memory: 'heap' | 'process'): number {
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return memory === 'heap' ? heapUsed + external : rss
}
