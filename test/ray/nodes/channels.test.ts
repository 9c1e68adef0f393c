import type { Runtime } from '@klaw/core'
import type { ClusterNode, LocalCluster } from '@klaw/core/cluster'
import { beforeAll, expect, test } from 'vitest'
import { processesLike } from '../../support/ray/own-cluster.ts'
import { Resident } from './fixtures/resident.ts'
import { addSecond, onFirst, onSecond, openSession, startHead } from './support/two-nodes.ts'

const count = 5_000
const numbers = Array.from({ length: count }, (_, number) => number)
const places = { first: onFirst, second: onSecond }

let cluster: LocalCluster
let second: ClusterNode
let klaw: Runtime
beforeAll(async () => {
  cluster = await startHead()
  second = await addSecond(cluster)
  klaw = await openSession(cluster)
  return async () => {
    await klaw.shutdown()
    await cluster.stop()
  }
})

test.skipIf(process.platform !== 'linux')('the hub is on the head', async () => {
  const [tx, rx] = await klaw.channel<number>()
  await klaw.actor(Resident, onSecond).remote().produce.remote(tx, 1, 1)
  expect(await rx.recv()).toBe(1)
  expect([cluster, second].map((node) => processesLike(node, /^ray::KlawHub/).length)).toEqual([1, 0])
})

test.each([
  ['first', 'second'],
  ['second', 'first'],
] as const)('a channel from the %s node to the %s one: all, in order', async (from, to) => {
  const producer = klaw.actor(Resident, places[from]).remote()
  const consumer = klaw.actor(Resident, places[to]).remote()
  const [tx, rx] = await klaw.channel<number>({ capacity: 100 })
  const produced = producer.produce.remote(tx, 0, count - 1)
  const consumed = consumer.consume.remote(rx)
  await Promise.all([tx.close(), rx.close()])
  await produced
  expect(await consumed).toEqual(numbers)
})

test('each item to exactly one of the receivers on both nodes, acknowledged', async () => {
  const [tx, rx] = await klaw.channel<number>({ capacity: 100, ack: 'manual' })
  const [passTx, passRx] = await klaw.channel<number>({ capacity: 100 })
  const passing = [onFirst, onSecond, onFirst, onSecond].map((place) =>
    klaw.actor(Resident, place).remote().pass.remote(rx, passTx),
  )
  await Promise.all([rx.close(), passTx.close()])
  const sending = (async () => {
    await tx.sendBatch(numbers)
    await tx.close()
  })()
  const received: number[] = []
  for await (const number of passRx) received.push(number)
  await Promise.all([sending, ...passing])
  expect(received.length).toBe(count)
  expect(received.sort((a, b) => a - b)).toEqual(numbers)
})

test('broadcast and watch reach everybody on both nodes', async () => {
  const [say, events] = await klaw.broadcast<string>({ capacity: 200 })
  const [set, state] = await klaw.watch(0)
  const [here, arrivals] = await klaw.channel<boolean>({ capacity: 10 })
  const followers = [onFirst, onSecond, onSecond].map((place) =>
    klaw.actor(Resident, place).remote().follow.remote(state, events, here, 99),
  )
  for (const _ of followers) await arrivals.recv()
  await events.close()
  const said = Array.from({ length: 100 }, (_, number) => `event ${number}`)
  for (const [number, event] of said.entries()) {
    await say.send(event)
    await set.send(number)
  }
  await say.close()
  for (const heard of await klaw.get(followers)) expect(heard).toEqual({ state: 99, events: said })
})
