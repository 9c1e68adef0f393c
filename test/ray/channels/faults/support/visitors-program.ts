/**
 * A process from which many clients of the hub come and go, some of them without a goodbye: `tsx visitors-program.ts <hub> <name> <first> <count>`.
 * Prints what they have sent and received, as JSON.
 */
import type { HubAddress } from '../../../../../src/engine/ray/hub/open-hub.ts'
import { HubPeer } from './hub-peer.ts'

/** Items that each sends, and that each receives. */
const each = 20
/** Of how many one leaves without a goodbye. */
const vanishing = 3
/** Clients of this process at a time. */
const together = 10
/** Numbers of one client's items lie between two multiples of this, as those of a tally do. */
const most = 1_000_000

export interface Visits {
  readonly sent: number[]
  readonly received: number[]
}

async function visit(hub: HubAddress, name: string, number: number): Promise<Visits> {
  const peer = new HubPeer(hub, { gracePeriod: 1_000 })
  const [tx, rx] = await peer.channel<number>({ name, capacity: 1_000 })
  const sent = Array.from({ length: each }, (_, index) => number * most + index)
  const sending = (async () => {
    for (const item of sent) await tx.send(item)
  })()
  const received: number[] = []
  while (received.length < each) received.push(await rx.recv())
  await sending
  // Whoever is gone from here on has been heard.
  await peer.barrier()
  if (number % vanishing === 0) peer.vanish()
  else peer.close()
  return { sent, received }
}

const [hub, name, first, count] = process.argv.slice(2) as [string, string, string, string]
const numbers = Array.from({ length: Number(count) }, (_, index) => Number(first) + index)
const visits: Visits[] = []
await Promise.all(
  Array.from({ length: together }, async () => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      visits.push(await visit(JSON.parse(hub) as HubAddress, name, number))
    }
  }),
)
console.log(
  JSON.stringify({ sent: visits.flatMap(({ sent }) => sent), received: visits.flatMap(({ received }) => received) }),
)
