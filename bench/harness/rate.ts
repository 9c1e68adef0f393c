import type { Awaitable } from '@klaw/core'
import { collectGarbage } from './collect-garbage.ts'
import type { Contender, Rounds, Scale } from './definition.ts'

/** Work that can be done any number of times. */
export interface Repeated {
  /** Does it `count` times, and throws unless all of it was done right. Returns the milliseconds if it has measured them itself, where the work was done. */
  run(count: number): Awaitable<unknown>
  /** The most for one run, where what is under way is not bounded. */
  readonly most?: number
  stop?(): Awaitable<void>
}

const first = 64

/** A contender of a benchmark whose metric is `rate`: how often a second it does its work. */
export function repeats(id: string, name: string, start: (scale: Scale) => Awaitable<Repeated>): Contender {
  return { id, name, start: async (scale) => rounds(await start(scale), scale.roundMilliseconds) }
}

async function rounds(work: Repeated, milliseconds: number): Promise<Rounds> {
  let count: number
  try {
    count = await calibrate(work, milliseconds)
  } catch (error) {
    await work.stop?.()
    throw error
  }
  return {
    round: async () => ({ rate: (count / (await time(work, count))) * 1000 }),
    stop: () => work.stop?.(),
  }
}

/** Warms the work up, and finds how often it has to be done to take about that long. */
async function calibrate(work: Repeated, milliseconds: number): Promise<number> {
  const most = work.most ?? Number.MAX_SAFE_INTEGER
  let count = Math.min(first, most)
  // The first time is all start-up: threads, modules, code that is not compiled yet.
  await time(work, count)
  for (let long = 0; long < 2; ) {
    const taken = await time(work, count)
    // Twice long enough, since what was long once may have been an accident or a compilation.
    if (taken >= milliseconds / 2) long++
    const factor = Math.min(4, milliseconds / taken)
    if (count === most && factor > 1) break
    count = Math.max(1, Math.min(most, Math.round(count * factor)))
  }
  return count
}

async function time(work: Repeated, count: number): Promise<number> {
  // What others left behind must not be collected on this one's account.
  collectGarbage()
  const start = performance.now()
  const measured = await work.run(count)
  return typeof measured === 'number' ? measured : performance.now() - start
}
