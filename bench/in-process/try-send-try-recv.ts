import { PassThrough } from 'node:stream'
import { channel } from '@klaw/core/channel'
import { expectEqual } from '../harness/check.ts'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

const capacity = 10_000
/** So many are sent before as many are received. */
const burst = 1_000

const ours: Contender = repeats('klaw', klaw, () => ({
  run(count) {
    const [tx, rx] = channel<number>({ capacity })
    const send = (n: number) => {
      if (!tx.trySend(n).ok) throw new Error('the channel was full or closed')
    }
    const receive = () => {
      const result = rx.tryRecv()
      if (!result.ok) throw result.error
      return result.value
    }
    inBursts(count, send, receive)
    expectEqual('the length at the end', rx.length, 0)
  },
}))

const passThrough: Contender = repeats('pass-through', ofNode('PassThrough, write and read'), () => ({
  run(count) {
    // Null is the one thing that a stream cannot carry: what it carries here is never null, and 0 is not null.
    const stream = new PassThrough({ objectMode: true, highWaterMark: capacity })
    const send = (n: number) => {
      if (!stream.write(n)) throw new Error('the stream was full')
    }
    inBursts(count, send, () => stream.read() as number)
    stream.destroy()
  },
}))

const effectQueue: Contender = repeats('effect-queue', `Queue of ${versioned('effect')}, unsafe calls`, async () => {
  const { Effect, Exit, Queue } = await import('effect')
  return {
    run(count) {
      const queue = Effect.runSync(Queue.bounded<number>(capacity))
      const send = (n: number) => {
        if (!Queue.offerUnsafe(queue, n)) throw new Error('the queue was full')
      }
      const receive = () => {
        const exit = Queue.takeUnsafe(queue)
        if (exit === undefined || !Exit.isSuccess(exit)) throw new Error('the queue was empty')
        return exit.value
      }
      inBursts(count, send, receive)
    },
  }
})

function inBursts(count: number, send: (n: number) => void, receive: () => number): void {
  const tally = new Tally()
  for (let from = 0; from < count; from += burst) {
    const to = Math.min(count, from + burst)
    for (let n = from; n < to; n++) send(n)
    for (let n = from; n < to; n++) tally.add(receive())
  }
  expectAll([tally], count)
}

export const tryBenchmark: Benchmark = {
  id: 'in-process/try-send-try-recv',
  work: `trySend and tryRecv, nothing awaited, in bursts of ${burst.toLocaleString('en')}`,
  metrics: rate(),
  ours,
  peers: [passThrough, effectQueue],
}
