import type { Awaitable } from '@klaw/core'
import { collectGarbage } from './collect-garbage.ts'
import type { Contender, Scale } from './definition.ts'

/** Things of which many can be open. */
export interface Openable<Thing> {
  make(index: number): Awaitable<Thing>
  /** Shows that all of them work, and closes them. */
  use(things: readonly Thing[]): Promise<void>
  stop?(): Awaitable<void>
}

/** How many are opened. */
export interface Many {
  readonly full: number
  readonly quick: number
}

const tenThousand: Many = { full: 10_000, quick: 100 }

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
  { full, quick }: Many = tenThousand,
): Contender {
  return {
    id,
    name,
    async start(scale) {
      const { make, use, stop } = await start(scale)
      const count = scale.count(full, quick)
      return {
        async round() {
          // Allocated before, so that it does not count.
          const things: Thing[] = new Array(count)
          const before = used(memory)
          const begin = performance.now()
          for (let index = 0; index < count; index++) {
            const thing = make(index)
            things[index] = thing instanceof Promise ? await thing : thing
          }
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
