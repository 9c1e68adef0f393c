import { connect } from '@klaw/core'
import { expectEqual } from '../harness/check.ts'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { klaw, ofNode } from '../peers/versions.ts'
import { Consumer, Producer } from './actors.ts'
import { type Item, type Kind, makeItem, type Received } from './items.mjs'
import { postItems } from './post-items.mjs'
import { PostMessageWorker } from './post-message.ts'

const batch = 1_000
/** Nothing holds back a loop that posts messages. */
const mostPosted = 200_000

function mainToActor(kind: Kind): Contender {
  return repeats('klaw', klaw, async () => {
    const runtime = await connect()
    const [tx, rx] = await runtime.channel<Item>()
    const consumer = runtime.actor(Consumer).remote(rx)
    await rx.close()
    return {
      async run(count) {
        const received = consumer.receive.remote(count)
        for (let n = 0; n < count; n++) await tx.send(makeItem(kind, n))
        expectSequence(await received, count)
      },
      stop: () => runtime.shutdown(),
    }
  })
}

function actorToActor(kind: Kind): Contender {
  return repeats('klaw', klaw, async () => {
    const runtime = await connect(undefined, { numCpus: 2 })
    const [tx, rx] = await runtime.channel<Item>()
    const producer = runtime.actor(Producer).remote(tx)
    const consumer = runtime.actor(Consumer).remote(rx)
    await Promise.all([tx.close(), rx.close()])
    return {
      async run(count) {
        const received = consumer.receive.remote(count)
        await producer.send.remote(kind, count)
        expectSequence(await received, count)
      },
      stop: () => runtime.shutdown(),
    }
  })
}

function mainToWorker(kind: Kind, size: number): Contender {
  return repeats(postedId(size), postedName(size), () => {
    const worker = new PostMessageWorker()
    return {
      most: mostPosted,
      async run(count) {
        const received = worker.received(count)
        postItems({ postMessage: (message) => worker.post(message) }, kind, count, size)
        expectSequence(await received, count)
      },
      stop: () => worker.stop(),
    }
  })
}

function workerToWorker(kind: Kind, size: number): Contender {
  return repeats(postedId(size), postedName(size), () => {
    const producer = new PostMessageWorker()
    const consumer = new PostMessageWorker()
    const { port1, port2 } = new MessageChannel()
    producer.post({ connect: port1 }, [port1])
    consumer.post({ connect: port2 }, [port2])
    return {
      most: mostPosted,
      async run(count) {
        const received = consumer.received(count)
        producer.post({ send: count, kind, batch: size })
        expectSequence(await received, count)
      },
      stop: async () => {
        await Promise.all([producer.stop(), consumer.stop()])
      },
    }
  })
}

function postedId(size: number): string {
  return size === 1 ? 'post-message' : 'post-message-batches'
}

function postedName(size: number): string {
  return ofNode(size === 1 ? 'postMessage for each item' : `postMessage for each ${size.toLocaleString('en')} items`)
}

function expectSequence({ count, wrong }: Received, expected: number): void {
  expectEqual('the number of items', count, expected)
  expectEqual('the first item out of order', wrong, -1)
}

const works: Readonly<Record<Kind, string>> = {
  'object-100-bytes': 'objects of 100 bytes',
  'bytes-1-kb': 'Uint8Arrays of 1 KB',
}
const kinds = Object.keys(works) as Kind[]

function goalOf(kind: Kind): number | undefined {
  return kind === 'object-100-bytes' ? 2_000_000 : undefined
}

export const throughputBenchmarks: readonly Benchmark[] = [
  ...kinds.map((kind) => ({
    id: `threads/main-to-actor/${kind}`,
    work: `${works[kind]}, one awaited send and recv each, from the main thread to an actor's`,
    metrics: rate(goalOf(kind)),
    ours: mainToActor(kind),
    peers: [mainToWorker(kind, 1), mainToWorker(kind, batch)],
  })),
  ...kinds.map((kind) => ({
    id: `threads/actor-to-actor/${kind}`,
    work: `${works[kind]}, one awaited send and recv each, from one actor's thread to another's`,
    metrics: rate(goalOf(kind)),
    ours: actorToActor(kind),
    peers: [workerToWorker(kind, 1), workerToWorker(kind, batch)],
  })),
]
