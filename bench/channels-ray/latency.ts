import type { Benchmark, Contender, Rounds, Scale } from '../harness/definition.ts'
import { rank } from '../harness/percentiles.ts'
import { klawName, namedLine, natsName } from './contenders.ts'
import { Party } from './party.ts'
import { klawPlace, natsPlace, type Place } from './places.ts'
import { rayQueueLatency } from './ray-queue.ts'

const size = 1024
/** Round trips before the first round, until what they run is compiled. */
const warmUp = 5_000

function samplesOf(scale: Scale): number {
  return scale.count(1_000, 20)
}

/** One process asks, another one answers; who asks measures. */
function roundTrips(id: string, name: string, open: () => Promise<Place>): Contender {
  return {
    id,
    name,
    async start(scale): Promise<Rounds> {
      const place = await open()
      const [asker, answerer] = await Promise.all([
        Party.start(place.address, 'asker'),
        Party.start(place.address, 'answerer'),
      ])
      const line = namedLine({ size, capacity: 10_000, kind: 'shared' })
      await answerer.order({ t: 'answer', line })
      await asker.order({ t: 'open-asker', line })
      await Promise.all([asker, answerer].map((party) => party.order({ t: 'settle' })))
      await asker.order({ t: 'ask', count: scale.count(warmUp, 20) })
      return {
        async round() {
          const times = Float64Array.from(
            (await asker.order({ t: 'ask', count: samplesOf(scale) })) as readonly number[],
          ).sort()
          return { p50: rank(times, 0.5) / 2, p99: rank(times, 0.99) / 2 }
        },
        async stop() {
          await Promise.all([asker.stop(), answerer.stop()])
          await place.leave()
        },
      }
    },
  }
}

export const channelLatencyBenchmark: Benchmark = {
  id: 'channels-ray/latency',
  work: 'a Uint8Array of 1 KB to another process and back over a second channel, one at a time; half of that',
  metrics: [
    { key: 'p50', unit: 'µs', better: 'lower', goal: 80, work: 'median' },
    { key: 'p99', unit: 'µs', better: 'lower', goal: 1_000, work: '99 of 100 are faster' },
  ],
  ours: roundTrips('klaw', klawName, () => klawPlace()),
  peers: [rayQueueLatency(size, samplesOf), roundTrips('nats', natsName, natsPlace)],
}
