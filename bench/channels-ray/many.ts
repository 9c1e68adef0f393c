import { type Benchmark, rate } from '../harness/definition.ts'
import { type FlowShape, klawFlow, klawName, natsFlow } from './contenders.ts'

const processes = 8
const line = { size: 1024, capacity: 10_000, kind: 'shared' } as const
const one: FlowShape = { line, senders: 1, receivers: 1, most: 400_000, always: true }
const many: FlowShape = { ...one, senders: processes, receivers: processes }

/** Many processes on one channel, beside two. */
export const channelManyBenchmark: Benchmark = {
  id: 'channels-ray/many-processes',
  work: `Uint8Arrays of 1 KB from ${processes} processes to ${processes} others over one channel, all together`,
  metrics: rate(),
  ours: klawFlow(many),
  peers: [klawFlow(one, { id: 'one-to-one', name: `${klawName}, 1 process to 1` }), natsFlow(many)],
}
