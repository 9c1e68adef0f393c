import type { Benchmark, Contender, Rounds } from '../harness/definition.ts'
import { klawName, namedLine } from './contenders.ts'
import { Flow } from './flow.ts'
import type { Pace } from './orders.ts'
import { klawPlace } from './places.ts'

/** After 100 items it does something else for a millisecond. */
const quick: Pace = { items: 100, pause: 1 }
const slow: Pace = { items: 100, pause: 10 }

/** Some consumers of one channel, each with its pace. */
function consumers(id: string, name: string, paces: readonly Pace[]): Contender {
  return {
    id,
    name,
    async start(scale): Promise<Rounds> {
      const place = await klawPlace()
      const line = namedLine({ size: 1024, capacity: 10_000, kind: 'shared' })
      const flow = await Flow.start(place.address, { line, senders: 1, receivers: paces.length, paces })
      const count = scale.count(50_000, 1_000)
      return {
        async round() {
          const { time, shares } = await flow.run(count)
          // How far the first one's share is from an even one, in percent of all items.
          return {
            rate: (count / time) * 1000,
            unfairness: Math.abs((shares[0] as number) / count - 1 / shares.length) * 100,
          }
        },
        async stop() {
          await flow.stop()
          await place.leave()
        },
      }
    },
  }
}

export const channelFairnessBenchmarks: readonly Benchmark[] = [
  {
    id: 'channels-ray/two-equal-consumers',
    work: 'two equal consumers of one channel: how far one of them is from half of the items',
    metrics: [{ key: 'unfairness', unit: '%', better: 'lower', goal: 5, counts: 'median' }],
    ours: consumers('klaw', klawName, [quick, quick]),
    peers: [],
  },
  {
    id: 'channels-ray/slow-consumer',
    work: 'a consumer beside one that is ten times slower, until all items have been received',
    metrics: [{ key: 'rate', unit: 'ops/s', better: 'higher' }],
    ours: consumers('klaw', klawName, [quick, slow]),
    peers: [consumers('alone', `${klawName}, without the slow one`, [quick])],
  },
]
