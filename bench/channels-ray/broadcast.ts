import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { type FlowShape, klawFlow, natsFlow } from './contenders.ts'

const receivers = 10
/** A broadcast's sender does not wait for those who are behind: so many items are held for each of them. */
const capacity = 100_000

function shape(size: number): FlowShape {
  return { line: { size, capacity, kind: 'broadcast' }, senders: 1, receivers, most: capacity }
}

/** Every item counts as often as it is received. */
function deliveries(contender: Contender): Contender {
  return {
    ...contender,
    async start(scale) {
      const rounds = await contender.start(scale)
      return {
        round: async () => ({ rate: ((await rounds.round()).rate ?? Number.NaN) * receivers }),
        stop: () => rounds.stop?.(),
      }
    },
  }
}

function benchmark(id: string, what: string, size: number, goal?: number): Benchmark {
  return {
    id: `channels-ray/broadcast/${id}`,
    work: `${what} from one process to ${receivers} others, which get all of them: deliveries`,
    metrics: rate(goal),
    ours: deliveries(klawFlow(shape(size))),
    peers: [deliveries(natsFlow(shape(size)))],
  }
}

export const channelBroadcastBenchmarks: readonly Benchmark[] = [
  benchmark('64-bytes', 'Uint8Arrays of 64 bytes', 64, 500_000),
  benchmark('1-kb', 'Uint8Arrays of 1 KB', 1024),
]
