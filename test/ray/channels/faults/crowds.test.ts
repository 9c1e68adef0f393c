import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HubAddress } from '../../../../src/engine/ray/hub/open-hub.ts'
import { until } from '../../../support/until.ts'
import { findHub } from './support/agent-session.ts'
import { HubPeer, type PeerOptions } from './support/hub-peer.ts'
import { item, Tally } from './support/tally.ts'
import type { Visits } from './support/visitors-program.ts'

let hub: HubAddress

beforeAll(async () => {
  hub = await findHub()
})

function peerOf(options?: PeerOptions): HubPeer {
  const peer = new HubPeer(hub, options)
  onTestFinished(() => peer.close())
  return peer
}

async function visitors(name: string, first: number, count: number): Promise<Visits> {
  const program = fileURLToPath(new URL('support/visitors-program.ts', import.meta.url))
  const words = [program, JSON.stringify(hub), name, String(first), String(count)]
  const child = spawn(process.execPath, ['--import', 'tsx', ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>])
  expect(code).toBe(0)
  return JSON.parse(printed) as Visits
}

test('200 clients of four processes come and go, a third of them without a goodbye', async () => {
  const host = peerOf()
  const name = `visited-${process.pid}-${Math.random()}`
  const [tx, rx] = await host.channel<number>({ name, capacity: 1_000 })
  const tally = new Tally()
  // Whoever waits for the last items of those who wait for others gets these.
  const spare = Array.from({ length: 400 }, (_, index) => item(1_000, index))
  await tx.sendBatch(spare)
  tally.sent(...spare)
  const all = await Promise.all([0, 1, 2, 3].map((number) => visitors(name, number * 50, 50)))
  for (const [process, { sent, received }] of all.entries()) {
    tally.sent(...sent)
    // Several took turns, so there is no order to keep.
    for (const [index, each] of received.entries()) tally.received(each, `visitor ${process} ${index}`)
  }
  expect(tally.verdict.sent).toBe(200 * 20 + 400)
  // Those who vanished are counted out when their time is over.
  await until(async () => {
    const { senders, receivers } = await tx.stats()
    return senders === 1 && receivers === 1
  })
  expect(await rx.stats()).toMatchObject({ length: 400, senders: 1, receivers: 1, waitingReceivers: 0 })
  tx.close()
  for await (const each of rx) tally.received(each, 'host')
  tally.expectEachOnce({ received: 4_400, redelivered: 0 })
  rx.close()
  await until(async () => {
    const info = await host.channels.find(name, 'klaw')
    return info === undefined || (info.stats.senders === 0 && info.stats.receivers === 0)
  })
})

test('10,000 receivers wait on one channel: what is sent flows, each gets one', async () => {
  const waiting = peerOf()
  const sending = peerOf()
  const name = `awaited-${process.pid}-${Math.random()}`
  const [, rx] = await waiting.channel<number>({ name, capacity: 100 })
  const [tx, unread] = await sending.channel<number>({ name, capacity: 100 })
  unread.close()
  const tally = new Tally()
  const receivers = [rx, ...Array.from({ length: 9_999 }, () => rx.clone())]
  const received = receivers.map(async (each, index) => tally.received(await each.recv(), `receiver ${index}`))
  await until(async () => (await tx.stats()).waitingReceivers === 10_000)
  const start = performance.now()
  for (let number = 0; number < 10_000; number++) {
    await tx.send(item(0, number))
    tally.sent(item(0, number))
  }
  await Promise.all(received)
  console.log(`10,000 items to as many receivers that waited: ${Math.round(performance.now() - start)} ms`)
  tally.expectEachOnce({ received: 10_000, redelivered: 0 })
  // The same ends are still of use, and so is one that comes now.
  const late = rx.clone()
  await tx.send(item(1, 0))
  expect(await late.recv()).toBe(item(1, 0))
})

test('10,000 receives of one receiver wait: what is sent flows, in order', async () => {
  const peer = peerOf()
  const [tx, rx] = await peer.channel<number>({ capacity: 100 })
  const tally = new Tally()
  const received = Array.from({ length: 10_000 }, async () => tally.received(await rx.recv(), 'receiver'))
  for (let number = 0; number < 10_000; number++) {
    await tx.send(item(0, number))
    tally.sent(item(0, number))
  }
  await Promise.all(received)
  tally.expectEachOnce({ received: 10_000, redelivered: 0, disordered: 0 })
})
