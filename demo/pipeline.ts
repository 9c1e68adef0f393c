import type { Runtime } from '@klaw/core'
import { startCounters } from './counters.ts'
import { countFiles, sendFiles } from './lister.ts'
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
  /** Milliseconds until all counters were there. */
  readonly startUp: number
  /** Milliseconds from then to the last result. */
  readonly time: number
}

/**
 * The lister sends names of files to the counters, 32 at a time, and they send what they have counted to the reducer. It is the same on every engine:
 *
 *     lister ──jobs──► counter, counter, … ──results──► reducer
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
  const counters = await startCounters(klaw, workers, screen)
  const begun = performance.now()

  const stop = () => counters.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

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
      sendFiles(paths, counters.files, (unreadable) => totals.unreadable.push(unreadable), signal),
      counters.reduce(reducer),
      counters.done,
    ])
  } finally {
    signal.removeEventListener('abort', stop)
    progress.abort()
    await counting
  }
  return { totals, isComplete: !signal.aborted, shares, startUp: begun - started, time: performance.now() - begun }
}
