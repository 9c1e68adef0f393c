import type { FileSink } from './lister.ts'
import type { Reducer } from './reducer.ts'

/** Those who count, wherever they are: what the pipeline needs of them. */
export interface Counters {
  /** Takes names of files. Whoever has sent the last one closes it. */
  readonly files: FileSink
  /** Gives everything that is counted to the reducer, until all have finished. */
  reduce(reducer: Reducer): Promise<void>
  /** Settles when all have finished; rejects when none is left that could. */
  readonly done: Promise<void>
  /** Asks them for an early end. What has been counted until then still reaches the reducer. */
  stop(): void
  /** Something has failed, and nobody wants their results any more. */
  abandon(): void
}
