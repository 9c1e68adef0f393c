import { Arrivals, clock } from './arrivals.ts'
import { BareSide } from './bare-side.ts'
import { Items, numberOf } from './items.ts'
import { KlawSide } from './klaw-side.ts'
import { NatsSide } from './nats-side.ts'
import type { Order, Pace, Word } from './orders.ts'
import type { FlowSide, Line, Side, SideAddress } from './side.ts'

/** One process of a benchmark: a sender, a receiver, or one that answers. It does what its parent orders. */
const where: SideAddress = JSON.parse(process.argv[2] ?? '')
const side = await open(where)

let send: ((count: number) => Promise<void>) | undefined
let ask: ((item: Uint8Array) => Promise<Uint8Array>) | undefined
let items = new Items(0, 8)
let arrivals: Arrivals | undefined

function open({ side, address, lane = 'direct' }: SideAddress): Promise<FlowSide | Side> {
  switch (side) {
    case 'klaw':
      return KlawSide.open(address as `ray://${string}`, lane)
    case 'nats':
      return NatsSide.open(address)
    case 'bare':
      return BareSide.open(address)
  }
}

function answering(): Side {
  if ('answer' in side) return side
  throw new Error('nobody answers on a bare socket')
}

async function obey(order: Order): Promise<number | readonly number[] | undefined> {
  switch (order.t) {
    case 'open-sender':
      items = new Items(order.sender, order.line.size)
      send = await side.sender(order.line, () => items.make())
      return undefined
    case 'settle':
      await side.settle()
      return undefined
    case 'send': {
      const begin = clock()
      await send?.(order.count)
      return begin
    }
    case 'receive':
      await receive(order.line, order.alone, order.pace)
      return undefined
    case 'answer':
      await answering().answer(order.line)
      return undefined
    case 'open-asker':
      items = new Items(0, order.line.size)
      ask = await answering().asker(order.line)
      return undefined
    case 'ask':
      return roundTrips(order.count)
    case 'close':
      arrivals?.stop()
      await side.close()
      return undefined
  }
}

async function receive(line: Line, alone: boolean, pace: Pace | undefined): Promise<void> {
  arrivals = new Arrivals(line.size, alone, (arrived) => tell({ t: 'arrived', arrived }))
  const { add } = { add: arrivals.add.bind(arrivals) }
  let taken = 0
  await side.receive(line, (item) => {
    add(item)
    if (pace === undefined || ++taken % pace.items !== 0) return undefined
    return new Promise((resolve) => setTimeout(resolve, pace.pause))
  })
}

async function roundTrips(count: number): Promise<number[]> {
  if (ask === undefined) throw new Error('nobody answers')
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const item = items.make()
    const sent = numberOf(item)
    const start = performance.now()
    const back = await ask(item)
    times.push((performance.now() - start) * 1000)
    if (numberOf(back) !== sent) throw new Error(`wrong result: ${numberOf(back)} came back for ${sent}`)
  }
  return times
}

function tell(word: Word, then?: () => void): void {
  if (process.connected) process.send?.(word, undefined, undefined, then)
}

process.on('message', (message) => {
  const order = message as Order
  obey(order).then(
    (value) =>
      tell({ t: 'done', ...(value === undefined ? {} : { value }) }, () => order.t === 'close' && process.disconnect()),
    (error: unknown) => tell({ t: 'failed', message: (error as Error).stack ?? String(error) }),
  )
})
// A parent that has failed takes its parties with it.
process.on('disconnect', () => process.exit())
tell({ t: 'ready' })
