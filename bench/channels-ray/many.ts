import { type Benchmark, rate } from '../harness/definition.ts'
import { bareFlow, bareName, type FlowShape, klawFlow, klawName, natsFlow, natsName } from './contenders.ts'

const processes = 8
const room = 10_000
const line = { size: 1024, capacity: room, kind: 'shared' } as const
const one: FlowShape = { line, senders: 1, receivers: 1, most: 400_000, always: true }
/** With as much room for each sender, of which each process waits for its turn of the processors. */
const many: FlowShape = {
  ...one,
  line: { ...line, capacity: processes * room },
  senders: processes,
  receivers: processes,
}

/** Many processes on one channel, beside two. */
export const channelManyBenchmark: Benchmark = {
  id: 'channels-ray/many-processes',
  work: `Uint8Arrays of 1 KB from ${processes} processes to ${processes} others over one channel, all together; room for ${room.toLocaleString('en')} items for each sender`,
  metrics: rate(),
  ours: klawFlow(many),
  peers: [
    klawFlow(one, { id: 'one-to-one', name: `${klawName}, 1 process to 1` }),
    natsFlow(many),
    natsFlow(one, 'nats-one-to-one', `${natsName}, 1 process to 1`),
    bareFlow(many),
    bareFlow(one, 'bare-one-to-one', `${bareName}, 1 process to 1`),
  ],
}
