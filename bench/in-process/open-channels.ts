import { PassThrough } from 'node:stream'
import type { Awaitable } from '@klaw/core'
import { channel } from '@klaw/core/channel'
import type { Benchmark, Contender } from '../harness/definition.ts'
import { manyOf, type Openable } from '../harness/many.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

function contender<Thing>(id: string, name: string, start: () => Awaitable<Openable<Thing>>): Contender {
  return manyOf(id, name, 'heap', start, { full: 10_000, quick: 100 })
}

const ours: Contender = contender('klaw', klaw, () => ({
  open: (count) => Array.from({ length: count }, () => channel<number>()),
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

const itPushable: Contender = contender('it-pushable', versioned('it-pushable'), async () => {
  const { pushable } = await import('it-pushable')
  return {
    open: (count) => Array.from({ length: count }, () => pushable<number>({ objectMode: true })),
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

const passThrough: Contender = contender('pass-through', ofNode('PassThrough'), () => ({
  open: (count) => Array.from({ length: count }, () => new PassThrough({ objectMode: true })),
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

const effectQueue: Contender = contender('effect-queue', `Queue of ${versioned('effect')}`, async () => {
  const { Effect, Queue } = await import('effect')
  return {
    open: (count) => Array.from({ length: count }, () => Effect.runSync(Queue.bounded<number>(10_000))),
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
