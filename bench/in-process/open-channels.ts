import { PassThrough } from 'node:stream'
import { channel } from '@klaw/core/channel'
import type { Benchmark, Contender } from '../harness/definition.ts'
import { manyOf } from '../harness/many.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

const ours: Contender = manyOf('klaw', klaw, 'heap', () => ({
  make: () => channel<number>(),
  async use(channels) {
    const tally = new Tally()
    for (const [n, [tx, rx]] of channels.entries()) {
      await tx.send(n)
      tally.add(await rx.recv())
      tx.close()
      rx.close()
    }
    expectAll([tally], channels.length)
  },
}))

const itPushable: Contender = manyOf('it-pushable', versioned('it-pushable'), 'heap', async () => {
  const { pushable } = await import('it-pushable')
  return {
    make: () => pushable<number>({ objectMode: true }),
    async use(sources) {
      const tally = new Tally()
      for (const [n, source] of sources.entries()) {
        source.push(n).end()
        tally.add((await source.next()).value as number)
      }
      expectAll([tally], sources.length)
    },
  }
})

const passThrough: Contender = manyOf('pass-through', ofNode('PassThrough'), 'heap', () => ({
  make: () => new PassThrough({ objectMode: true }),
  async use(streams) {
    const tally = new Tally()
    for (const [n, stream] of streams.entries()) {
      stream.write(n)
      tally.add(stream.read())
      stream.destroy()
    }
    expectAll([tally], streams.length)
  },
}))

const effectQueue: Contender = manyOf('effect-queue', `Queue of ${versioned('effect')}`, 'heap', async () => {
  const { Effect, Queue } = await import('effect')
  return {
    make: () => Effect.runSync(Queue.bounded<number>(10_000)),
    async use(queues) {
      const tally = new Tally()
      for (const [n, queue] of queues.entries()) {
        Queue.offerUnsafe(queue, n)
        tally.add(await Effect.runPromise(Queue.take(queue)))
      }
      expectAll([tally], queues.length)
    },
  }
})

export const openChannelsBenchmark: Benchmark = {
  id: 'in-process/open-channels',
  work: '10,000 idle channels, each',
  metrics: [
    { key: 'memory', unit: 'bytes', better: 'lower', counts: 'median', goal: 1024, work: 'heap that it takes' },
    { key: 'time', unit: 'µs', better: 'lower', work: 'time to open it' },
  ],
  ours,
  peers: [itPushable, passThrough, effectQueue],
}
