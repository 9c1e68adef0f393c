import type { Runtime } from '@klaw/core'
import type { LocalCluster } from '@klaw/core/cluster'
import { beforeAll, describe, expect, test } from 'vitest'
import { killAbruptly } from '../../support/ray/own-cluster.ts'
import { untilGone } from '../../support/ray/process-identity.ts'
import { failure } from '../../support/rejection.ts'
import { Tally } from '../channels/faults/support/tally.ts'
import { Resident } from './fixtures/resident.ts'
import { addSecond, onFirst, onSecond, openSession, startHead } from './support/two-nodes.ts'

let cluster: LocalCluster
let klaw: Runtime
beforeAll(async () => {
  cluster = await startHead()
  klaw = await openSession(cluster)
  return async () => {
    await klaw.shutdown()
    await cluster.stop()
  }
})

describe.skipIf(process.platform !== 'linux')('a node is lost', () => {
  test('what its consumers held comes to others: nothing is lost, and what comes twice says so', async () => {
    const node = await addSecond(cluster)
    const count = 2_000
    const [amount, acknowledged] = [40, 15]
    const [tx, rx] = await klaw.channel<number>({
      capacity: count,
      ack: 'manual',
      ackTimeout: Number.POSITIVE_INFINITY,
    })
    const [takenTx, takenRx] = await klaw.channel<readonly number[]>({ capacity: 10 })
    const doomed = [0, 1].map(() => klaw.actor(Resident, onSecond).remote())
    const lucky = klaw.actor(Resident, onFirst).remote()
    const numbers = Array.from({ length: count }, (_, number) => number)
    const tally = new Tally()
    await tx.sendBatch(numbers)
    tally.sent(...numbers)
    const holding = doomed.map((actor) => failure(actor.hold.remote(rx, takenTx, amount, acknowledged)))
    const taken = [await takenRx.recv(), await takenRx.recv()]

    const processes = node.processes()
    killAbruptly(node)
    const killed = performance.now()
    await untilGone(processes)
    // What is left goes to an actor on the other node, and to this process.
    const [passTx, passRx] = await klaw.channel<number>({ capacity: 100 })
    const counts = new Map<number, number>()
    const passing = lucky.pass.remote(rx, passTx)
    await passTx.close()
    await tx.close()
    const here = (async () => {
      for await (const delivery of rx) {
        counts.set(delivery.value, delivery.deliveryCount)
        tally.received(delivery.value, 'here', delivery.deliveryCount)
        delivery.ack()
      }
    })()
    const passed: number[] = []
    for await (const number of passRx) passed.push(number)
    await Promise.all([here, passing])
    const time = Math.round(performance.now() - killed)

    const done = taken.flatMap((list) => list.slice(0, acknowledged))
    const open = taken.flatMap((list) => list.slice(acknowledged))
    for (const number of done) tally.received(number, 'done')
    for (const number of passed) tally.received(number, 'passed', open.includes(number) ? 2 : 1)
    console.log(`all was there ${time} ms after the node was killed: ${JSON.stringify(tally.verdict)}`)
    tally.expectEachOnce({ received: count, redelivered: open.length })
    for (const number of open) if (!passed.includes(number)) expect(counts.get(number)).toBe(2)
    // The hub has not waited for them as long as for a client that may only be cut off.
    expect(time).toBeLessThan(25_000)
    for (const outcome of holding) expect(await outcome).toMatchObject({ code: 'ACTOR_DIED' })
    await klaw.kill(lucky)
  })

  test('what its producers had sent arrives, from the beginning and without gaps, and then the channel ends', async () => {
    const node = await addSecond(cluster)
    const [tx, rx] = await klaw.channel<number>({ capacity: 200 })
    const [gotTx, got] = await klaw.channel<number>({ capacity: 10_000 })
    const producers = [0, 1].map(() => klaw.actor(Resident, onSecond).remote())
    const producing = producers.map((actor) => failure(actor.produceForEver.remote(tx, gotTx)))
    await Promise.all([tx.close(), gotTx.close()])
    const seen = new Map<number, number>()
    let received = 0
    const receive = (number: number) => {
      received++
      seen.set(number, (seen.get(number) ?? 0) + 1)
    }
    while (received < 2_000) receive(await rx.recv())
    const processes = node.processes()
    killAbruptly(node)
    await untilGone(processes)
    for await (const number of rx) receive(number)
    let confirmed = 0
    for await (const number of got) confirmed = Math.max(confirmed, number)

    // Each producer sends the same numbers.
    const last = Math.max(...seen.keys())
    const counts = Array.from({ length: last + 1 }, (_, number) => seen.get(number) ?? 0)
    expect(Math.max(...counts)).toBeLessThanOrEqual(2)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1)
    expect(counts, 'a beginning of each').toEqual([...counts].sort((a, b) => b - a))
    expect(last + 1).toBeGreaterThanOrEqual(confirmed)
    for (const outcome of producing) expect(await outcome).toMatchObject({ code: 'ACTOR_DIED' })
  })
})
