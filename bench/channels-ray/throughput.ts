import type { Benchmark, Contender, Metric } from '../harness/definition.ts'
import { rate } from '../harness/definition.ts'
import { bareFlow, type FlowShape, klawFlow, natsFlow } from './contenders.ts'
import { rayQueueFlow } from './ray-queue.ts'

/** Items, as by default. */
const capacity = 10_000

function oneToOne(size: number, most: number, room = capacity): FlowShape {
  return { line: { size, capacity: room, kind: 'shared' }, senders: 1, receivers: 1, most }
}

/** Bytes a second instead of items. */
function inBytes(contender: Contender, size: number): Contender {
  return {
    ...contender,
    async start(scale) {
      const rounds = await contender.start(scale)
      return {
        round: async () => ({ speed: (((await rounds.round()).rate ?? Number.NaN) * size) / 1e9 }),
        stop: () => rounds.stop?.(),
      }
    },
  }
}

function benchmark(id: string, what: string, size: number, metrics: readonly Metric[], shape: FlowShape): Benchmark {
  const contenders = [klawFlow(shape), rayQueueFlow(size), natsFlow(shape), bareFlow(shape)]
  const [ours, ...peers] = metrics[0]?.key === 'speed' ? contenders.map((each) => inBytes(each, size)) : contenders
  return {
    id: `channels-ray/throughput/${id}`,
    work: `${what}, one awaited send and one step of an iteration each, from one process to another`,
    metrics,
    ours: ours as Contender,
    peers,
  }
}

export const channelThroughputBenchmarks: readonly Benchmark[] = [
  benchmark('64-bytes', 'Uint8Arrays of 64 bytes', 64, rate(1_500_000), oneToOne(64, 1_000_000)),
  benchmark('1-kb', 'Uint8Arrays of 1 KB', 1024, rate(400_000), oneToOne(1024, 400_000)),
  benchmark(
    '64-kb',
    'Uint8Arrays of 64 KB',
    65_536,
    [{ key: 'speed', unit: 'GB/s', better: 'higher', goal: 0.5 }],
    oneToOne(65_536, 4_000, 1_000),
  ),
]
