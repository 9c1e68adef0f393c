import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Runtime } from '@klaw/core'
import { type LocalCluster, startCluster } from '@klaw/core/cluster'
import { beforeAll, expect, test } from 'vitest'
import { processesLike } from '../../../support/ray/own-cluster.ts'
import { rayOptions } from '../../../support/ray/ray-options.ts'
import { until } from '../../../support/until.ts'
import { Growth } from './support/memory.ts'
import { item, Tally } from './support/tally.ts'

/** Far less than what goes through. */
const objectStoreMemory = 300_000_000
let cluster: LocalCluster
let klaw: Runtime

beforeAll(async () => {
  cluster = await startCluster({ ...rayOptions(), numCpus: 2, objectStoreMemory })
  klaw = await connect(cluster.address as `ray://${string}`, { timeout: 60_000 })
  return async () => {
    await klaw.shutdown()
    await cluster.stop()
  }
})

function hubPid(): number {
  return processesLike(cluster, /^ray::KlawHub/)[0]?.pid as number
}

test('a consumer that is slower than its producer: nobody collects what it has not taken', async () => {
  const [tx, rx] = await klaw.channel<Uint8Array>({ capacity: 100 })
  const tally = new Tally()
  const count = 3_000
  const size = 64_000
  const growth = { hub: new Growth([hubPid()]), client: new Growth([process.pid]) }
  let ahead = 0
  const sending = (async () => {
    for (let number = 0; number < count; number++) {
      const message = new Uint8Array(size)
      new DataView(message.buffer).setUint32(0, number)
      await tx.send(message)
      tally.sent(item(0, number))
      ahead = Math.max(ahead, number + 1 - tally.count)
    }
    tx.close()
  })()
  for await (const message of rx) {
    tally.received(item(0, new DataView(message.buffer, message.byteOffset).getUint32(0)), 'consumer')
    if (tally.count % 20 === 0) await sleep(5)
    if (tally.count % 100 === 0) for (const each of Object.values(growth)) each.look()
  }
  await sending
  console.log(
    `192 MB to a slow consumer: the hub has grown by ${growth.hub.most} MB, the client by ${growth.client.most} MB`,
  )
  tally.expectEachOnce({ received: count, redelivered: 0, disordered: 0 })
  expect(ahead).toBeLessThanOrEqual(101)
  expect(growth.hub.most).toBeLessThan(64)
  expect(growth.client.most).toBeLessThan(150)
})

test('a gigabyte in large messages: none of it is in the hub, and nothing stays in the object store', async () => {
  const [tx, rx] = await klaw.channel<Uint8Array>({ capacity: 20 })
  const tally = new Tally()
  const count = 250
  const size = 4_000_000
  /** Each waits for the cluster a while, whatever its size. */
  const together = 5
  const growth = { hub: new Growth([hubPid()]), client: new Growth([process.pid]) }
  const start = performance.now()
  const sending = (async () => {
    for (let number = 0; number < count; number += together) {
      const messages = Array.from({ length: together }, (_, index) => {
        const message = new Uint8Array(size)
        new DataView(message.buffer).setUint32(0, number + index)
        return message
      })
      await tx.sendBatch(messages)
      tally.sent(...messages.map((_, index) => item(0, number + index)))
    }
    tx.close()
  })()
  for await (const message of rx) {
    expect(message.byteLength).toBe(size)
    tally.received(item(0, new DataView(message.buffer, message.byteOffset).getUint32(0)), 'consumer')
    if (tally.count % 10 === 0) for (const each of Object.values(growth)) each.look()
  }
  await sending
  console.log(
    `1 GB in ${Math.round(performance.now() - start)} ms: the hub has grown by ${growth.hub.most} MB, the client by ${growth.client.most} MB`,
  )
  tally.expectEachOnce({ received: count, redelivered: 0, disordered: 0 })
  expect(growth.hub.most).toBeLessThan(100)
  expect(growth.client.most).toBeLessThan(500)
  await until(async () => ((await klaw.availableResources()).object_store_memory ?? 0) > objectStoreMemory * 0.97)
})
