import { setImmediate as pause } from 'node:timers/promises'
import { FileCounter } from './file-counter.ts'
import { listFiles } from './lister.ts'
import { Totals } from './totals.ts'

/** Milliseconds after which the loop lets timers and signals have a turn. */
const turn = 50

/** The same work in this thread, one file after the other, without channels or actors: what the pipeline is compared with. */
export class PlainLoop {
  readonly totals = new Totals()

  /** @param every 1 for all files; n for every nth, as a sample */
  async run(paths: readonly string[], every: number, signal: AbortSignal): Promise<void> {
    const work = new FileCounter()
    let index = 0
    let paused = performance.now()
    for await (const path of listFiles(paths, (unreadable) => this.totals.unreadable.push(unreadable))) {
      if (index++ % every !== 0) continue
      const outcome = await work.count(path, signal)
      if (outcome === undefined) break
      this.totals.addFile(outcome)
      if (work.isFull) this.totals.addWords(work.takeCounts())
      if (performance.now() - paused > turn) {
        await pause()
        paused = performance.now()
      }
      if (signal.aborted) break
    }
    this.totals.addWords(work.takeCounts())
  }
}
