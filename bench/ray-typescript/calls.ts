import { expectEqual } from '../harness/check.ts'
import { type Benchmark, rate } from '../harness/definition.ts'
import { ours, pythons } from '../ray/contenders.ts'
import { Counter } from './actors.ts'

/** So many are under way at a time, on all sides. */
const window = 2_000

export const typeScriptCallBenchmarks: readonly Benchmark[] = [
  {
    id: 'ray-typescript/calls-in-flight',
    work: `calls of an actor in TypeScript, up to ${window.toLocaleString('en')} at once; the others call one in Python`,
    metrics: rate(250_000),
    ours: ours(async (runtime) => {
      const counter = runtime.actor(Counter, { numCpus: 0 }).remote()
      await counter.ready()
      return {
        async run(count) {
          const before = await counter.add.remote(0)
          for (let from = 0; from < count; from += window) {
            const length = Math.min(window, count - from)
            const totals = await runtime.get(Array.from({ length }, () => counter.add.remote(1)))
            expectEqual('the last total', totals.at(-1), before + from + length)
          }
        },
      }
    }),
    peers: pythons('calls_in_flight', window),
  },
  {
    id: 'ray-typescript/calls-one-at-a-time',
    work: 'calls of an actor in TypeScript, each after the one before has returned; the others call one in Python',
    metrics: rate(8_000),
    ours: ours(async (runtime) => {
      const counter = runtime.actor(Counter, { numCpus: 0 }).remote()
      await counter.ready()
      return {
        async run(count) {
          const before = await counter.add.remote(0)
          for (let n = 1; n <= count; n++) expectEqual('the total', await counter.add.remote(1), before + n)
        },
      }
    }),
    peers: pythons('calls_one_at_a_time'),
  },
]
