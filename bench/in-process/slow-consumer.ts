import { channel } from '@klaw/core/channel'
import { collectGarbage } from '../harness/collect-garbage.ts'
import type { Benchmark, Contender, Scale } from '../harness/definition.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, versioned } from '../peers/versions.ts'

const capacity = 10_000
const full = 1_000_000
const quick = 30_000
/** How often the memory is looked at. */
const looks = 10

interface Item {
  readonly n: number
}

const ours: Contender = {
  id: 'klaw',
  name: klaw,
  start: (scale) => ({
    round() {
      const [tx, rx] = channel<Item>({ capacity })
      const watch = new Watch(scale)
      const produce = async () => {
        for (let n = 0; n < watch.count; n++) {
          await tx.send({ n })
          watch.sent(n, Math.max(tx.length, tx.stats().highWaterMark))
        }
        tx.close()
      }
      return watch.run(rx, produce)
    },
  }),
}

const itPushable: Contender = {
  id: 'it-pushable',
  name: versioned('it-pushable'),
  async start(scale) {
    const { pushable } = await import('it-pushable')
    return {
      round() {
        const source = pushable<Item>({ objectMode: true })
        const watch = new Watch(scale)
        const produce = async () => {
          for (let n = 0; n < watch.count; n++) {
            await source.push({ n })
            watch.sent(n, source.readableLength)
          }
          source.end()
        }
        return watch.run(source, produce)
      },
    }
  },
}

/** A consumer that is several times as slow as a producer can be, and the most that lay between them. */
class Watch {
  readonly count: number
  #length = 0
  #memory = 0
  #before = 0

  constructor(scale: Scale) {
    this.count = scale.count(full, quick)
  }

  async run(source: AsyncIterable<Item>, produce: () => Promise<void>): Promise<{ length: number; memory: number }> {
    this.#before = heap()
    const consumer = this.#consume(source)
    await produce()
    expectAll([await consumer], this.count)
    return { length: this.#length, memory: this.#memory }
  }

  sent(n: number, length: number): void {
    if (length > this.#length) this.#length = length
    if ((n + 1) % (this.count / looks) === 0) this.#memory = Math.max(this.#memory, heap() - this.#before)
  }

  async #consume(source: AsyncIterable<Item>): Promise<Tally> {
    const tally = new Tally()
    for await (const { n } of source) {
      tally.add(n)
      for (let turn = 0; turn < 10; turn++) await null
    }
    return tally
  }
}

function heap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

export const slowConsumerBenchmark: Benchmark = {
  id: 'in-process/slow-consumer',
  work: `1,000,000 sends to a slow consumer, capacity ${capacity.toLocaleString('en')}`,
  metrics: [
    { key: 'length', unit: 'items', better: 'lower', goal: capacity, work: 'most items that were buffered' },
    { key: 'memory', unit: 'bytes', better: 'lower', counts: 'median', work: 'most memory that they took' },
  ],
  ours,
  peers: [itPushable],
}
