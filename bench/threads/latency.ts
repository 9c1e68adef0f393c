import { connect } from '@klaw/core'
import { expectEqual } from '../harness/check.ts'
import type { Benchmark, Contender, Scale } from '../harness/definition.ts'
import { percentiles } from '../harness/percentiles.ts'
import { klaw, ofNode } from '../peers/versions.ts'
import { Mirror } from './actors.ts'
import { type Item, makeItem, numberOf } from './items.mjs'
import { PostMessageWorker } from './post-message.ts'

const kind = 'object-100-bytes'

function samplesOf(scale: Scale): number {
  return scale.count(5_000, 100)
}

const ours: Contender = {
  id: 'klaw',
  name: klaw,
  async start(scale) {
    const runtime = await connect()
    const [there, rxThere] = await runtime.channel<Item>()
    const [txBack, back] = await runtime.channel<Item>()
    const mirror = runtime.actor(Mirror).remote()
    const done = mirror.reflect.remote(rxThere, txBack)
    const roundTrip = async (n: number) => {
      await there.send(makeItem(kind, n))
      expectEqual('what came back', numberOf(await back.recv()), n)
    }
    return {
      round: () => percentiles(samplesOf(scale), roundTrip),
      async stop() {
        await there.close()
        await done
        await runtime.shutdown()
      },
    }
  },
}

const postMessage: Contender = {
  id: 'post-message',
  name: ofNode('postMessage'),
  start(scale) {
    const worker = new PostMessageWorker()
    let arrived: (item: Item) => void = () => {}
    worker.mirror((item) => arrived(item as Item))
    const roundTrip = async (n: number) => {
      const item = new Promise<Item>((resolve) => {
        arrived = resolve
      })
      worker.post(makeItem(kind, n))
      expectEqual('what came back', numberOf(await item), n)
    }
    return { round: () => percentiles(samplesOf(scale), roundTrip), stop: () => worker.stop() }
  },
}

export const latencyBenchmark: Benchmark = {
  id: 'threads/latency',
  work: 'an object of 100 bytes to another thread and back, one at a time',
  metrics: [
    { key: 'p50', unit: 'µs', better: 'lower', work: 'median' },
    { key: 'p99', unit: 'µs', better: 'lower', work: '99 of 100 are faster' },
  ],
  ours,
  peers: [postMessage],
}
