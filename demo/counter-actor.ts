import { actor, type Delivery, pool, type Receiver, type Sender } from '@klaw/core'
import { FileCounter } from './file-counter.ts'
import type { Job, JobResult } from './jobs.ts'
import type { CounterMessage } from './messages.ts'

/** Jobs that a counter works on: it counts one while the result of the other is under way. */
const atOnce = 2

/**
 * One of those who count: takes jobs from one channel and sends what it has counted through another.
 *
 * All counters hold clones of the same receiver. Each job goes to exactly one of them, whichever asks first, so a counter that meets a large file
 * simply takes fewer.
 */
export const Counter = actor(
  import.meta,
  class Counter {
    readonly #index: number
    readonly #stop = new AbortController()

    constructor(index: number) {
      this.#index = index
    }

    /** Works until there are no more jobs, or until it is stopped. Closes the ends that it was given. */
    async run(jobs: Receiver<Delivery<Job>>, results: Sender<JobResult>): Promise<void> {
      // A job is acknowledged once its result has been sent.
      const counting = pool(jobs, (job) => this.#count(job), {
        size: atOnce,
        onResult: (result) => results.send(result),
      })
      // The pool has a receiver of its own. When the last one is closed, so is the lister's sender.
      await jobs.close()
      const { signal } = this.#stop
      signal.addEventListener('abort', () => void counting.close(), { once: true })
      if (signal.aborted) await counting.close()
      await counting.done
      // When the last counter has closed its sender, the reducer's loop ends.
      await results.close()
    }

    /** Asks for an early end. What has been counted until then still reaches the reducer. */
    async stop(): Promise<void> {
      this.#stop.abort()
    }

    /** When the counter is stopped, the rest of the job is left out. */
    async #count({ id, paths }: Job): Promise<JobResult> {
      const { signal } = this.#stop
      const counter = this.#index
      const work = new FileCounter()
      const messages: CounterMessage[] = []
      for (const path of paths) {
        const outcome = await work.count(path, signal)
        if (outcome !== undefined) messages.push({ kind: 'file', counter, outcome })
        if (signal.aborted) break
      }
      messages.push({ kind: 'words', counter, counts: work.takeCounts() })
      return { job: id, messages }
    }
  },
)
