import type { Runtime } from '@klaw/core'
import { Counter } from './counter-actor.ts'
import type { Counters } from './counters.ts'
import type { CounterMessage } from './messages.ts'

/** For each counter: how many names wait for it at most, and how many of its results wait for the reducer. */
const capacityEach = { names: 64, results: 512 }

/** Actors, each on a thread of its own. They get the ends of the channels as arguments. */
export async function startThreads(klaw: Runtime, workers: number): Promise<Counters> {
  const counters = Array.from({ length: workers }, (_, index) => klaw.actor(Counter).remote(index))
  await Promise.all(counters.map((counter) => counter.ready()))
  const [sendName, names] = await klaw.channel<string>({ capacity: capacityEach.names * workers })
  const [sendResult, results] = await klaw.channel<CounterMessage>({ capacity: capacityEach.results * workers })
  const runs = counters.map((counter) => counter.run.remote(names, sendResult))
  // A passed end is a clone. Ours have to go, or the channels would never end.
  await names.close()
  await sendResult.close()
  return {
    files: sendName,
    reduce: (reducer) => reducer.run(results),
    done: Promise.all(runs).then(() => undefined),
    // They end with the runtime.
    abandon: () => {},
    stop: () => void Promise.allSettled(counters.map((counter) => counter.stop.remote())),
  }
}
