import { pyActorClass } from '@klaw/core'
import { expectEqual } from '../harness/check.ts'
import { type Benchmark, rate } from '../harness/definition.ts'
import { ours, pythons } from './contenders.ts'

interface CounterShape {
  add(amount: number): number
}

const Counter = pyActorClass<CounterShape>('bench_counter', 'Counter')
/** So many are under way at a time, on all sides. */
const mostInFlight = 2_000

export const rayCallBenchmarks: readonly Benchmark[] = [
  {
    id: 'ray/calls-in-flight',
    work: `calls of a Python actor, up to ${mostInFlight.toLocaleString('en')} at once`,
    metrics: rate(),
    ours: ours(async (runtime) => {
      const counter = runtime.actor(Counter, { numCpus: 0 }).remote()
      await counter.ready()
      return {
        most: mostInFlight,
        async run(count) {
          const before = await counter.add.remote(0)
          const totals = await runtime.get(Array.from({ length: count }, () => counter.add.remote(1)))
          expectEqual('the last total', totals.at(-1), before + count)
        },
      }
    }),
    peers: pythons('calls_in_flight', mostInFlight),
  },
  {
    id: 'ray/calls-one-at-a-time',
    work: 'calls of a Python actor, each after the one before has returned',
    metrics: rate(),
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
