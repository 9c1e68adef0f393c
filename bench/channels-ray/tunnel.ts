import { type Benchmark, rate } from '../harness/definition.ts'
import { klawFlow, klawName } from './contenders.ts'

const shape = {
  line: { size: 1024, capacity: 10_000, kind: 'shared' },
  senders: 1,
  receivers: 1,
  most: 400_000,
} as const

/** Where only the cluster's client port can be reached. */
export const channelTunnelBenchmark: Benchmark = {
  id: 'channels-ray/tunnel',
  work: 'Uint8Arrays of 1 KB from one process to another, both through the tunnel lane',
  metrics: rate(20_000),
  ours: klawFlow(shape, { name: `${klawName}, tunnel`, lane: 'tunnel' }),
  peers: [klawFlow(shape, { id: 'direct', name: `${klawName}, direct` })],
}
