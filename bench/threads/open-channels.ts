import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { connect } from '@klaw/core'
import type { Benchmark, Contender } from '../harness/definition.ts'
import { manyOf } from '../harness/many.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, ofNode } from '../peers/versions.ts'

const thousand = { full: 1_000, quick: 50 }

const ours: Contender = manyOf(
  'klaw',
  klaw,
  'process',
  async () => {
    const runtime = await connect()
    return {
      open: (count) => Promise.all(Array.from({ length: count }, () => runtime.channel<number>())),
      async use(channels) {
        const tally = new Tally()
        for (const [n, [tx, rx]] of channels.entries()) {
          await tx.send(n)
          tally.add(await rx.recv())
          await Promise.all([tx.close(), rx.close()])
        }
        expectAll([tally], channels.length)
      },
      stop: () => runtime.shutdown(),
    }
  },
  thousand,
)

const messageChannel: Contender = manyOf(
  'message-channel',
  ofNode('MessageChannel'),
  'process',
  () => ({
    open: (count) => Array.from({ length: count }, () => new MessageChannel()),
    use(channels) {
      const tally = new Tally()
      for (const [n, { port1, port2 }] of channels.entries()) {
        port1.postMessage(n)
        tally.add(receiveMessageOnPort(port2)?.message)
        port1.close()
      }
      expectAll([tally], channels.length)
    },
  }),
  thousand,
)

export const openThreadChannelsBenchmark: Benchmark = {
  id: 'threads/open-channels',
  work: '1,000 idle channels that can cross threads, each',
  isolated: true,
  metrics: [
    { key: 'memory', unit: 'bytes', better: 'lower', counts: 'median', work: 'memory of the process' },
    { key: 'time', unit: 'µs', better: 'lower', work: 'time to open it' },
  ],
  ours,
  peers: [messageChannel],
}
