import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { channel } from '@klaw/core/channel'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

const capacity = 10_000
/** For producers that nothing holds back. */
const mostUnbounded = 500_000

const bounded: Contender = repeats('klaw', klaw, () => ({
  async run(count) {
    const [tx, rx] = channel<number>({ capacity })
    const produce = async () => {
      for (let n = 0; n < count; n++) await tx.send(n)
      tx.close()
    }
    await through(rx, produce, count)
  },
}))

const unbounded: Contender = repeats('klaw', klaw, () => ({
  most: mostUnbounded,
  async run(count) {
    const [tx, rx] = channel<number>({ unbounded: true })
    const produce = async () => {
      for (let n = 0; n < count; n++) tx.trySend(n)
      tx.close()
    }
    await through(rx, produce, count)
  },
}))

function itPushable(waits: boolean): Contender {
  return repeats('it-pushable', versioned('it-pushable'), async () => {
    const { pushable } = await import('it-pushable')
    return {
      most: mostUnbounded,
      async run(count) {
        const source = pushable<number>({ objectMode: true })
        const produce = async () => {
          if (waits) for (let n = 0; n < count; n++) await source.push(n)
          else for (let n = 0; n < count; n++) source.push(n)
          source.end()
        }
        await through(source, produce, count)
      },
    }
  })
}

const passThrough: Contender = repeats('pass-through', ofNode('PassThrough'), () => ({
  async run(count) {
    const stream = new PassThrough({ objectMode: true, highWaterMark: capacity })
    const produce = async () => {
      for (let n = 0; n < count; n++) {
        if (!stream.write(n)) await new Promise<void>((resolve) => stream.once('drain', resolve))
      }
      stream.end()
    }
    const closed = once(stream, 'close')
    await through(stream, produce, count)
    await closed
  },
}))

const effectStream: Contender = repeats('effect-queue', `Queue of ${versioned('effect')} as a Stream`, async () => {
  const { Effect, Fiber, Queue, Stream } = await import('effect')
  return {
    run: (count) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const queue = yield* Queue.make<number, import('effect').Cause.Done>({ capacity })
          const tally = new Tally()
          const add = (n: number) => Effect.sync(() => tally.add(n))
          const consumer = yield* Effect.forkChild(Stream.runForEach(Stream.fromQueue(queue), add))
          for (let n = 0; n < count; n++) yield* Queue.offer(queue, n)
          yield* Queue.end(queue)
          yield* Fiber.join(consumer)
          expectAll([tally], count)
        }),
      ),
  }
})

async function through(source: AsyncIterable<number>, produce: () => Promise<void>, count: number): Promise<void> {
  const consume = async () => {
    const tally = new Tally()
    for await (const n of source) tally.add(n)
    return tally
  }
  const consumer = consume()
  await produce()
  expectAll([await consumer], count)
}

export const forAwaitBenchmarks: readonly Benchmark[] = [
  {
    id: 'in-process/for-await/bounded',
    work: `awaited send and for await, capacity ${capacity.toLocaleString('en')}`,
    metrics: rate(),
    ours: bounded,
    peers: [itPushable(true), passThrough, effectStream],
  },
  {
    id: 'in-process/for-await/unbounded',
    work: 'everything sent at once without waiting, then for await, unbounded',
    metrics: rate(),
    ours: unbounded,
    peers: [itPushable(false)],
  },
]
