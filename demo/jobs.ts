import type { Sender, WaitOptions } from '@klaw/core'
import type { FileSink } from './lister.ts'
import type { CounterMessage } from './messages.ts'

/** Some files to be counted together by one counter. */
export interface Job {
  /** Unique within a run. */
  readonly id: number
  readonly paths: readonly string[]
}

/**
 * All that has come of a job, in one message: either it is there or it is not. A counter that dies after it has sent this and before it could
 * acknowledge the job leaves the job to another one, and then it comes twice, under the same id.
 */
export interface JobResult {
  readonly job: number
  readonly messages: readonly CounterMessage[]
}

/** Many small files take less time than a message. */
const filesEach = 32

/** Puts names of files together into jobs. */
export class JobSender implements FileSink {
  readonly #jobs: Sender<Job>
  #paths: string[] = []
  #next = 0

  constructor(jobs: Sender<Job>) {
    this.#jobs = jobs
  }

  async send(path: string, options: WaitOptions): Promise<void> {
    this.#paths.push(path)
    if (this.#paths.length >= filesEach) await this.flush(options)
  }

  async flush(options: WaitOptions): Promise<void> {
    if (this.#paths.length === 0) return
    const paths = this.#paths
    this.#paths = []
    await this.#jobs.send({ id: this.#next++, paths }, options)
  }

  async close(): Promise<void> {
    await this.#jobs.close()
  }
}
