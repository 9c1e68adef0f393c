import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { channel } from '@klaw/core/channel'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { expectAll, shares, Tally } from '../harness/tally.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

/** Parties on each side. */
interface Setting {
  readonly parties: number
  readonly capacity: number
}

function sendRecv(setting: Setting, peers: readonly ((setting: Setting) => Contender)[], goal?: number): Benchmark {
  const { parties, capacity } = setting
  const senders = parties === 1 ? '1 sender, 1 receiver' : `${parties} senders, ${parties} receivers`
  return {
    id: `in-process/send-recv/${parties}-to-${parties}-capacity-${capacity}`,
    work: `awaited send and awaited recv, ${senders}, capacity ${capacity.toLocaleString('en')}`,
    metrics: rate(goal),
    ours: ours(setting),
    peers: peers.map((peer) => peer(setting)),
  }
}

function ours({ parties, capacity }: Setting): Contender {
  return repeats('klaw', klaw, () => ({
    async run(count) {
      const [tx, rx] = channel<number>({ capacity })
      const produce = async ([from, to]: [number, number]) => {
        for (let n = from; n < to; n++) await tx.send(n)
      }
      const consume = async ([from, to]: [number, number]) => {
        const tally = new Tally()
        for (let n = from; n < to; n++) tally.add(await rx.recv())
        return tally
      }
      await everyone(count, parties, produce, consume)
    },
  }))
}

/** It has no capacity. Awaiting is how its producer gives way to the consumer. */
function itPushable(): Contender {
  return repeats('it-pushable', versioned('it-pushable'), async () => {
    const { pushable } = await import('it-pushable')
    return {
      async run(count) {
        const source = pushable<number>({ objectMode: true })
        const produce = async () => {
          for (let n = 0; n < count; n++) await source.push(n)
          source.end()
        }
        const consume = async () => {
          const tally = new Tally()
          for (let n = 0; n < count; n++) tally.add((await source.next()).value as number)
          return tally
        }
        await everyone(count, 1, produce, consume)
      },
    }
  })
}

/** Its producer waits for 'drain' when it is full and not otherwise, as its documentation asks. */
function passThrough({ capacity }: Setting): Contender {
  return repeats('pass-through', ofNode('PassThrough'), () => ({
    async run(count) {
      const stream = new PassThrough({ objectMode: true, highWaterMark: capacity })
      const produce = async () => {
        for (let n = 0; n < count; n++) {
          if (!stream.write(n)) await new Promise<void>((resolve) => stream.once('drain', resolve))
        }
        stream.end()
      }
      const consume = async () => {
        const tally = new Tally()
        for await (const n of stream) tally.add(n)
        return tally
      }
      const closed = once(stream, 'close')
      await everyone(count, 1, produce, consume)
      await closed
    },
  }))
}

function effectQueue({ parties, capacity }: Setting): Contender {
  return repeats('effect-queue', `Queue of ${versioned('effect')}`, async () => {
    const { Effect, Fiber, Queue } = await import('effect')
    return {
      run: (count) =>
        Effect.runPromise(
          Effect.gen(function* () {
            const queue = yield* Queue.bounded<number>(capacity)
            const tallies = shares(count, parties).map(() => new Tally())
            const fibers = []
            for (const [index, [from, to]] of shares(count, parties).entries()) {
              const tally = tallies[index] as Tally
              const consume = Effect.gen(function* () {
                for (let n = from; n < to; n++) tally.add(yield* Queue.take(queue))
              })
              const produce = Effect.gen(function* () {
                for (let n = from; n < to; n++) yield* Queue.offer(queue, n)
              })
              fibers.push(yield* Effect.forkChild(consume), yield* Effect.forkChild(produce))
            }
            for (const fiber of fibers) yield* Fiber.join(fiber)
            expectAll(tallies, count, parties)
          }),
        ),
    }
  })
}

/** What no channel can beat: as many awaits on both sides, and nothing behind them. */
function bareAwait({ parties }: Setting): Contender {
  return repeats('await-null', '`await null`, nothing passed', () => ({
    async run(count) {
      const produce = async ([from, to]: [number, number]) => {
        for (let n = from; n < to; n++) await null
      }
      const consume = async ([from, to]: [number, number]) => {
        const tally = new Tally()
        for (let n = from; n < to; n++) {
          await null
          tally.add(n)
        }
        return tally
      }
      await everyone(count, parties, produce, consume)
    },
  }))
}

type Share = [from: number, to: number]

async function everyone(
  count: number,
  parties: number,
  produce: (share: Share) => Promise<void>,
  consume: (share: Share) => Promise<Tally>,
): Promise<void> {
  const all = shares(count, parties)
  const consumers = all.map(consume)
  await Promise.all(all.map(produce))
  expectAll(await Promise.all(consumers), count, parties)
}

const many = 10_000
const goal = 5_000_000

/** it-pushable has no capacity, and neither it nor a stream has several consumers. */
export const sendRecvBenchmarks: readonly Benchmark[] = [
  sendRecv({ parties: 1, capacity: many }, [itPushable, passThrough, effectQueue, bareAwait], goal),
  sendRecv({ parties: 1, capacity: 1 }, [passThrough, effectQueue, bareAwait]),
  sendRecv({ parties: 4, capacity: many }, [effectQueue, bareAwait]),
  sendRecv({ parties: 4, capacity: 1 }, [effectQueue, bareAwait]),
]
