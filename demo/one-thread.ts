import type { Options } from './options.ts'
import type { PipelineResult } from './pipeline.ts'
import { PlainLoop } from './plain-loop.ts'
import { type Screen, showProgress } from './progress.ts'
import type { Totals } from './totals.ts'

export interface OneThreadResult {
  readonly totals: Totals
  /** Milliseconds. */
  readonly time: number
  /** 1 when it took all files, n when it took every nth. */
  readonly every: number
}

/** Milliseconds that the comparison may take, about; `--check` takes as long as it needs. */
const patience = 15_000

/** Does the pipeline's work, or a sample of it, in this thread alone. */
export async function runOneThread(
  options: Options,
  pipeline: PipelineResult,
  screen: Screen,
  signal: AbortSignal,
): Promise<OneThreadResult> {
  const every = options.check ? 1 : sampling(pipeline.time * options.workers)
  const loop = new PlainLoop()
  const expected = Math.ceil(pipeline.totals.handled / every)
  const start = performance.now()
  using _progress = showProgress('one thread', screen, () => ({
    files: loop.totals.handled,
    expected,
    bytes: loop.totals.bytes,
    shares: [],
  }))
  await loop.run(options.paths, every, signal)
  return { totals: loop.totals, time: performance.now() - start, every }
}

function sampling(estimate: number): number {
  return Math.max(1, Math.ceil(estimate / patience))
}
