import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HubAddress } from '../../../../src/engine/ray/hub/open-hub.ts'
import { directLanes } from '../../../../src/engine/ray/lane/direct-lane.ts'
import type { LaneFactory } from '../../../../src/engine/ray/lane/lane.ts'
import { AgentSession } from './support/agent-session.ts'
import { type Cut, FrameCutter } from './support/frame-cutter.ts'
import { HubPeer } from './support/hub-peer.ts'
import { item, Tally } from './support/tally.ts'

let session: AgentSession
let hub: HubAddress

beforeAll(async () => {
  session = await AgentSession.open('tunnel')
  hub = await session.findHub()
  return () => session[Symbol.asyncDispose]()
})

/** How many frames of each direction are cut at, and how often one connection is. */
const frames = 24
const cutsEach = 4

/** Before each frame, in its length, in its body, in both directions; and in what is said before the frames. */
function everyCut(): Cut[] {
  const cuts: Cut[] = []
  // Last, since a client whose very first hello does not get through is told so, and has nothing to resume.
  for (const frame of [...Array.from({ length: frames }, (_, number) => number), 'greeting'] as Cut['frame'][]) {
    for (const part of ['none', 'length', 'body'] as const) {
      for (const direction of ['up', 'down'] as const) {
        // A reset could take the first welcome with it.
        const how = frame === 0 || cuts.length % 3 === 0 ? 'end' : 'reset'
        cuts.push({ direction, frame, part, how })
      }
    }
  }
  return cuts
}

/** Gives each connection cuts at frames that are some way apart. */
function shares(cuts: readonly Cut[]): Cut[][] {
  const count = Math.ceil(cuts.length / cutsEach)
  return Array.from({ length: count }, (_, share) => cuts.filter((_, index) => index % count === share))
}

interface Way {
  readonly cutter: FrameCutter
  readonly peer: HubPeer
}

/** A client of the hub, whose connection is cut. */
async function cutPeer(cuts: readonly Cut[], lanes: (to: { host: string; port: number }) => LaneFactory): Promise<Way> {
  const cutter = await FrameCutter.before(hub, cuts)
  const peer = new HubPeer(hub, { lanes: lanes(cutter.address) })
  onTestFinished(async () => {
    peer.close()
    await cutter[Symbol.asyncDispose]()
  })
  return { cutter, peer }
}

/** Numbered items from one to the other until all cuts have been made, and some more. */
async function flow(number: number, from: Way, to: Way, tally: Tally): Promise<void> {
  const name = `cut-${process.pid}-${number}-${Math.random()}`
  const opening = [from.peer, to.peer].map((peer) => peer.channel<number>({ name, capacity: 16 }))
  const [[tx, unread], [unsent, rx]] = (await Promise.all(opening)) as [
    Awaited<(typeof opening)[0]>,
    Awaited<(typeof opening)[0]>,
  ]
  unread.close()
  unsent.close()
  const send = async () => {
    for (let count = 0, more = 100; more > 0; count++) {
      await tx.send(item(number, count))
      tally.sent(item(number, count))
      if (count % 5 === 0) await nextTurn()
      if (from.cutter.isDone && to.cutter.isDone) more--
      expect(count, 'a cut that never came').toBeLessThan(100_000)
    }
    tx.close()
  }
  const receive = async () => {
    for await (const each of rx) tally.received(each, `receiver ${number}`)
  }
  await Promise.all([send(), receive()])
}

async function flows(cuts: readonly Cut[], lanes: (to: { host: string; port: number }) => LaneFactory): Promise<void> {
  const tally = new Tally()
  const pieces = shares(cuts)
  await Promise.all(
    pieces.map(async (share, number) => {
      const [from, to] = await Promise.all([cutPeer(share, lanes), cutPeer(share, lanes)])
      await flow(number, from, to, tally)
      for (const { cutter, peer } of [from, to]) {
        expect(cutter.made).toBe(share.length)
        expect(peer.lost).toBeUndefined()
      }
    }),
  )
  tally.expectEachOnce({ redelivered: 0, disordered: 0 })
  console.log(`${pieces.length * 2} connections, cut at ${cuts.length * 2} places: ${JSON.stringify(tally.verdict)}`)
}

test('connections cut before, in the length of, and within every frame, in both directions, at both ends of a flow', async () => {
  await flows(everyCut(), ({ host, port }) => directLanes({ host, port }))
})

test("the same between the session's agent and the hub, for a client that reaches neither directly", async () => {
  await flows(
    everyCut().filter((_, index) => index % 6 === 1),
    ({ host, port }) => session.relayTo(host, port),
  )
})
