import type { Receiver } from '@klaw/core'
import type { JobResult } from './jobs.ts'
import type { CounterMessage } from './messages.ts'
import { Totals } from './totals.ts'

/** Sums up what the counters send. Runs in the main thread. */
export class Reducer {
  readonly totals = new Totals()
  /** Bytes of text that each counter has read. */
  readonly shares: number[]

  constructor(counters: number) {
    this.shares = new Array<number>(counters).fill(0)
  }

  /** Takes results until the last counter has closed its sender. A job may be done twice: its result counts once. */
  async run(results: Receiver<JobResult>): Promise<void> {
    const done = new Set<number>()
    for await (const { job, messages } of results) {
      if (done.has(job)) continue
      done.add(job)
      for (const message of messages) this.#add(message)
    }
  }

  #add(message: CounterMessage): void {
    if (message.kind === 'words') {
      this.totals.addWords(message.counts)
      return
    }
    const { counter, outcome } = message
    this.totals.addFile(outcome)
    if (outcome.kind === 'text') this.shares[counter] = (this.shares[counter] ?? 0) + outcome.bytes
  }
}
