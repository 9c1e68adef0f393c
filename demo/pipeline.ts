import type { Runtime } from '@klaw/core'
import { countFiles, sendFiles } from './lister.ts'
import { isRayAddress, type Options } from './options.ts'
import { startProcesses } from './process-counters.ts'
import { type Screen, showProgress } from './progress.ts'
import { Reducer } from './reducer.ts'
import { startThreads } from './thread-counters.ts'
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
 * The lister sends names of files to the counters, and they send what they have counted to the reducer:
 *
 *     lister ──names──► counter, counter, … ──results──► reducer
 */
export async function runPipeline(
  klaw: Runtime,
  { address, paths, workers }: Options,
  screen: Screen,
  signal: AbortSignal,
): Promise<PipelineResult> {
  const reducer = new Reducer(workers)
  const { totals, shares } = reducer

  const started = performance.now()
  const counters = isRayAddress(address)
    ? await startProcesses(klaw, address, workers, screen)
    : await startThreads(klaw, workers)
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
  } catch (error) {
    counters.abandon()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    progress.abort()
    await counting
  }
  return { totals, isComplete: !signal.aborted, shares, startUp: begun - started, time: performance.now() - begun }
}
