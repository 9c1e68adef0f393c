import { connect } from '@klaw/core'
import { expectEqual } from '../harness/check.ts'
import type { Benchmark, Contender } from '../harness/definition.ts'
import { manyOf } from '../harness/many.ts'
import { klaw, versioned } from '../peers/versions.ts'
import { Adder } from './actors.ts'

const thousand = { full: 1_000, quick: 20 }

const ours: Contender = manyOf(
  'klaw',
  klaw,
  'process',
  async () => {
    const runtime = await connect()
    const adder = runtime.actor(Adder, { numCpus: 0 })
    return {
      async open(count) {
        const actors = Array.from({ length: count }, () => adder.remote())
        await Promise.all(actors.map((one) => one.ready()))
        return actors
      },
      async use(actors) {
        await expectOwnTotals(actors.map((one) => (n: number) => one.add.remote(n)))
        for (const one of actors) one[Symbol.dispose]()
      },
      stop: () => runtime.shutdown(),
    }
  },
  thousand,
)

const comlink: Contender = manyOf(
  'comlink',
  `${versioned('comlink')}, instances in one worker`,
  'process',
  async () => {
    const { release, startComlink } = await import('./comlink.ts')
    const { remote, stop } = startComlink()
    return {
      open: (count) => Promise.all(Array.from({ length: count }, () => new remote.Adder())),
      async use(instances) {
        await expectOwnTotals(instances.map((one) => (n: number) => one.add(n)))
        for (const one of instances) release(one)
      },
      stop,
    }
  },
  thousand,
)

/** Each is an instance of its own if the totals do not mix. */
async function expectOwnTotals(adders: readonly ((n: number) => PromiseLike<number>)[]): Promise<void> {
  await Promise.all(adders.map((add, index) => add(index)))
  const totals = await Promise.all(adders.map((add) => add(1)))
  for (const [index, total] of totals.entries()) expectEqual(`the total of actor ${index}`, total, index + 1)
}

export const pooledBenchmark: Benchmark = {
  id: 'actors/pooled',
  work: '1,000 actors that share threads, each',
  isolated: true,
  metrics: [
    { key: 'memory', unit: 'bytes', better: 'lower', counts: 'median', work: 'memory of the process' },
    { key: 'time', unit: 'µs', better: 'lower', work: 'time until it is there' },
  ],
  ours,
  peers: [comlink],
}
