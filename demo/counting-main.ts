/** A counter in a process of its own. Started by `counting-process.ts`, never by hand. */
import { once } from 'node:events'
import { connect, pool } from '@klaw/core'
import { acknowledged, type CountingTask } from './counting-process.ts'
import { FileCounter } from './file-counter.ts'
import type { Job, JobResult } from './jobs.ts'
import type { CounterMessage } from './messages.ts'

/** Milliseconds after which others get what this process had, should it be killed. */
const gracePeriod = 2_000

// Ctrl-C goes to all processes of a terminal. This one ends when its parent says so, or is gone.
process.on('SIGINT', () => {})
const stopped = new AbortController()
process.once('disconnect', () => process.exit())

const [task] = (await once(process, 'message')) as [CountingTask]
process.on('message', () => stopped.abort())
await count(task)
process.disconnect()

async function count({ address, counter, jobs: jobChannel, results: resultChannel }: CountingTask): Promise<void> {
  await using klaw = await connect(address, { gracePeriod })
  const [sendJob, jobs] = await klaw.channel<Job>({ ...jobChannel, ...acknowledged })
  const [sendResult, results] = await klaw.channel<JobResult>(resultChannel)
  // Two workers: one counts while the result of the other is under way. A job is acknowledged once its result has been sent.
  const counting = pool(jobs, (job: Job) => countJob(job, counter), {
    size: 2,
    onResult: (result: JobResult) => sendResult.send(result),
  })
  // The pool has a receiver of its own. What stays open here would keep the channels from ending.
  await Promise.all([sendJob.close(), jobs.close(), results.close()])
  stopped.signal.addEventListener('abort', () => void counting.close())
  if (stopped.signal.aborted) await counting.close()
  process.send?.('ready')
  await counting.done
  await sendResult.close()
}

/** When the process is stopped, the rest of the job is left out. */
async function countJob({ id, paths }: Job, counter: number): Promise<JobResult> {
  const work = new FileCounter()
  const messages: CounterMessage[] = []
  for (const path of paths) {
    const outcome = await work.count(path, stopped.signal)
    if (outcome !== undefined) messages.push({ kind: 'file', counter, outcome })
    if (stopped.signal.aborted) break
  }
  messages.push({ kind: 'words', counter, counts: work.takeCounts() })
  return { job: id, messages }
}
