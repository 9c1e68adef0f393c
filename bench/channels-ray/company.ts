import { connect } from '@klaw/core'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { type FlowShape, klawFlow, klawName } from './contenders.ts'
import { klawPlace } from './places.ts'
import { Visitors } from './visitors.ts'

const shape: FlowShape = {
  line: { size: 1024, capacity: 10_000, kind: 'shared' },
  senders: 1,
  receivers: 1,
  most: 400_000,
}
const manyChannels = 1_000
const manyConnections = 200

/** The same hub has others to keep meanwhile; `invite` returns how they leave. */
function inCompany(contender: Contender, invite: (address: string) => Promise<() => Promise<void>>): Contender {
  return {
    ...contender,
    async start(scale) {
      const place = await klawPlace()
      const dismiss = await invite(place.address.address)
      const rounds = await contender.start(scale)
      return {
        round: () => rounds.round(),
        async stop() {
          await rounds.stop?.()
          await dismiss()
          await place.leave()
        },
      }
    },
  }
}

/** Channels of one session; each has passed an item. */
async function openChannels(address: string): Promise<() => Promise<void>> {
  const runtime = await connect(address as `ray://${string}`)
  for (let number = 0; number < manyChannels; number++) {
    const [tx, rx] = await runtime.channel<number>()
    await tx.send(number)
    if ((await rx.recv()) !== number) throw new Error('wrong result: another item has come')
  }
  return () => runtime.shutdown()
}

async function openConnections(address: string): Promise<() => Promise<void>> {
  const visitors = await Visitors.come(address, manyConnections)
  return () => visitors.leave()
}

function benchmark(id: string, what: string, invite: (address: string) => Promise<() => Promise<void>>): Benchmark {
  return {
    id: `channels-ray/${id}`,
    work: `Uint8Arrays of 1 KB from one process to another, with ${what} on the same hub`,
    metrics: rate(),
    ours: inCompany(klawFlow(shape), invite),
    // On a cluster, and a hub, of its own: on the same one it would have their company too.
    peers: [klawFlow(shape, { id: 'alone', name: `${klawName}, without them`, cluster: 'alone' })],
  }
}

export const channelCompanyBenchmarks: readonly Benchmark[] = [
  benchmark('1000-channels', `${manyChannels.toLocaleString('en')} other channels`, openChannels),
  benchmark('200-connections', `${manyConnections} other connections`, openConnections),
]
