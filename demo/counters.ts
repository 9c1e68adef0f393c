import { type ObjectRef, RayActorError, type Runtime } from '@klaw/core'
import { Counter } from './counter-actor.ts'
import { type Job, type JobResult, JobSender } from './jobs.ts'
import type { FileSink } from './lister.ts'
import type { Screen } from './progress.ts'
import type { Reducer } from './reducer.ts'

/** Those who count, as the pipeline uses them. */
export interface Counters {
  /** Takes names of files. Whoever has sent the last one closes it. */
  readonly files: FileSink
  /** Gives everything that is counted to the reducer, until all have finished. */
  reduce(reducer: Reducer): Promise<void>
  /** Settles when all have finished; rejects when none is left that could. */
  readonly done: Promise<void>
  /** Asks them for an early end. What has been counted until then still reaches the reducer. */
  stop(): void
}

/** For each counter: how many jobs wait for it at most, and how many of its results wait for the reducer. */
const capacityEach = { jobs: 4, results: 8 }
/** What a counter holds that dies is given to another one at once; there is no need to guess how long a job may take. */
const acknowledged = { ack: 'manual', ackTimeout: Number.POSITIVE_INFINITY } as const

/**
 * Actors, each on a thread of its own, or in a process of its own in the cluster. They get the ends of the channels as arguments.
 *
 * Jobs are acknowledged: what a counter had taken and not finished when it was killed goes to another one.
 */
export async function startCounters(klaw: Runtime, workers: number, screen: Screen): Promise<Counters> {
  const counters = Array.from({ length: workers }, (_, index) => klaw.actor(Counter).remote(index))
  await Promise.all(counters.map((counter) => counter.ready()))
  const [sendJob, jobs] = await klaw.channel<Job>({ capacity: capacityEach.jobs * workers, ...acknowledged })
  const [sendResult, results] = await klaw.channel<JobResult>({ capacity: capacityEach.results * workers })
  const runs = counters.map((counter) => counter.run.remote(jobs, sendResult))
  // A passed end is a clone. Ours have to go, or the channels would never end.
  await jobs.close()
  await sendResult.close()
  return {
    files: new JobSender(sendJob),
    reduce: (reducer) => reducer.run(results),
    done: allFinished(runs, screen),
    stop: () => void Promise.allSettled(counters.map((counter) => counter.stop.remote())),
  }
}

/** Those that are killed are not missed as long as one is left. */
async function allFinished(runs: readonly ObjectRef<void>[], screen: Screen): Promise<void> {
  const failures = await Promise.all(
    runs.map(async (run, index) => {
      try {
        await run
        return undefined
      } catch (error) {
        // Anything else is a mistake in the work itself, which the others would make too.
        if (!(error instanceof RayActorError)) throw error
        screen.write(`counter ${index} is gone (${error.name}): what it had goes to the others\n`)
        return error
      }
    }),
  )
  if (failures.every((failure) => failure !== undefined))
    throw new Error('all counters are gone', { cause: failures[0] })
}
