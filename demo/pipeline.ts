import type { Runtime } from '@klaw/core'
import { Counter } from './counter-actor.ts'
import { countFiles, sendFiles } from './lister.ts'
import type { CounterMessage } from './messages.ts'
import type { Options } from './options.ts'
import { type Screen, showProgress } from './progress.ts'
import { Reducer } from './reducer.ts'
import type { Totals } from './totals.ts'

export interface PipelineResult {
  readonly totals: Totals
  /** False when it was stopped before it had counted everything. */
  readonly isComplete: boolean
  /** Bytes of text by counter. */
  readonly shares: readonly number[]
  /** Milliseconds until all threads were there. */
  readonly startUp: number
  /** Milliseconds from then to the last result. */
  readonly time: number
}

/** For each counter: how many names wait for it at most, and how many of its results wait for the reducer. */
const capacityEach = { names: 64, results: 512 }

/**
 * The lister sends names of files to the counters, and they send what they have counted to the reducer:
 *
 *     lister ──names──► counter, counter, … ──results──► reducer
 */
export async function runPipeline(
  klaw: Runtime,
  { paths, workers }: Options,
  screen: Screen,
  signal: AbortSignal,
): Promise<PipelineResult> {
  const reducer = new Reducer(workers)
  const { totals, shares } = reducer

  const started = performance.now()
  const counters = Array.from({ length: workers }, (_, index) => klaw.actor(Counter).remote(index))
  await Promise.all(counters.map((counter) => counter.ready()))
  const begun = performance.now()

  const [sendName, names] = await klaw.channel<string>({ capacity: capacityEach.names * workers })
  const [sendResult, results] = await klaw.channel<CounterMessage>({ capacity: capacityEach.results * workers })
  const runs = counters.map((counter) => counter.run.remote(names, sendResult))
  // A passed end is a clone. Ours have to go, or the channels would never end.
  await names.close()
  await sendResult.close()

  const stopAll = () => void Promise.allSettled(counters.map((counter) => counter.stop.remote()))
  signal.addEventListener('abort', stopAll, { once: true })
  if (signal.aborted) stopAll()

  const progress = new AbortController()
  let expected: number | undefined
  const counting = countFiles(paths, progress.signal).then((count) => {
    expected = count
  })
  try {
    using _progress = showProgress('counting', screen, () => ({
      files: totals.handled,
      expected,
      bytes: totals.bytes,
      shares,
    }))
    await Promise.all([
      sendFiles(paths, sendName, (unreadable) => totals.unreadable.push(unreadable), signal),
      reducer.run(results),
      ...runs,
    ])
  } finally {
    signal.removeEventListener('abort', stopAll)
    progress.abort()
    await counting
  }
  return { totals, isComplete: !signal.aborted, shares, startUp: begun - started, time: performance.now() - begun }
}
