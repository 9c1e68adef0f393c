import { randomUUID } from 'node:crypto'
import type { Runtime } from '@klaw/core'
import type { Counters } from './counters.ts'
import { acknowledged, CountingProcess } from './counting-process.ts'
import { type Job, type JobResult, JobSender } from './jobs.ts'
import type { RayAddress } from './options.ts'
import type { Screen } from './progress.ts'

/** For each counter: how many jobs wait for it at most, and how many of its results wait for the reducer. */
const capacityEach = { jobs: 4, results: 8 }

/**
 * Node processes, each with a connection of its own to the cluster. They open the channels by name.
 *
 * Jobs are acknowledged: what a process had taken and not finished when it was killed goes to another one.
 */
export async function startProcesses(
  klaw: Runtime,
  address: RayAddress,
  workers: number,
  screen: Screen,
): Promise<Counters> {
  const run = `demo-${randomUUID()}`
  const channels = {
    // They end with this process's session, whatever becomes of the others.
    jobs: { name: `${run}-jobs`, capacity: capacityEach.jobs * workers, lifetime: 'session' },
    results: { name: `${run}-results`, capacity: capacityEach.results * workers, lifetime: 'session' },
  } as const
  const [sendJob, jobs] = await klaw.channel<Job>({ ...channels.jobs, ...acknowledged })
  const [sendResult, results] = await klaw.channel<JobResult>(channels.results)
  const processes = Array.from(
    { length: workers },
    (_, index) => new CountingProcess({ address, counter: index, ...channels }),
  )
  const each = (act: (one: CountingProcess) => void) => processes.forEach(act)
  try {
    await Promise.all(processes.map((one) => one.ready))
  } catch (error) {
    each((one) => one.kill())
    throw error
  }
  // They have ends of their own by now. Ours have to go, or the channels would never end.
  await jobs.close()
  await sendResult.close()
  return {
    files: new JobSender(sendJob),
    reduce: (reducer) => reducer.runJobs(results),
    done: allFinished(processes, screen),
    stop: () => each((one) => one.stop()),
    abandon: () => each((one) => one.kill()),
  }
}

/** Those that are killed are not missed as long as one is left. */
async function allFinished(processes: readonly CountingProcess[], screen: Screen): Promise<void> {
  const failures = await Promise.all(
    processes.map(async ({ counter, end }) => {
      const failure = await end
      if (failure !== undefined)
        screen.write(`counter ${counter} is gone (${failure}): what it had goes to the others\n`)
      return failure
    }),
  )
  if (failures.every((failure) => failure !== undefined)) throw new Error('all counters are gone')
}
