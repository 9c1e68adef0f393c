import { connect, type Delivery, type Receiver, shared } from '@klaw/core'
import { describe, expect, test } from 'vitest'
import { Pipe } from '../fixtures/pipeline-actors.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe('channels across threads', () => {
  test('flow between two workers while the main thread computes', async () => {
    await using klaw = await connect()
    const producer = klaw.actor(Pipe).remote()
    const consumer = klaw.actor(Pipe).remote()
    await Promise.all([producer.ready(), consumer.ready()])
    const [tx, rx] = await klaw.channel<number>({ capacity: 8 })
    const [done, over] = await klaw.channel<number>()
    const stamps = consumer.take.remote(rx, done, 2_000)
    const sent = producer.produce.remote(tx, 0, 2_000)
    await tx.close()
    await rx.close()
    // Whoever needs this thread's event loop gets nothing done until here.
    await done.stats()
    const end = performance.now() + 400
    while (performance.now() < end);
    // What has arrived by now did so meanwhile: this thread has not turned since.
    const arrived = (await over.recvBatch({ max: 2_000 })).length
    expect(arrived).toBeGreaterThan(100)
    await stamps
    expect(await sent).toBe(2_000)
  })

  test('a busy actor holds up nobody else', async () => {
    await using klaw = await connect()
    const busy = klaw.actor(Pipe).remote()
    const [tx, rx] = await klaw.channel<number>({ capacity: 100 })
    await busy.hold.remote(tx, rx)
    const flag = shared(new Int32Array(1))
    const computing = busy.computeUntil.remote(flag)
    for (let n = 0; n < 1_000; n++) {
      await tx.send(n)
      expect(await rx.recv()).toBe(n)
    }
    expect((await tx.trySend(1)).ok).toBe(true)
    expect(await rx.tryRecv()).toEqual({ ok: true, value: 1 })
    // All that while it was computing, and it goes on until now.
    const [, pending] = await klaw.wait([computing], { timeout: 0 })
    expect(pending).toHaveLength(1)
    Atomics.store(flag, 0, 1)
    expect(await computing).toBeGreaterThan(0)
  })

  test('what a killed consumer had fetched and not taken reaches another: nothing is lost or doubled', async () => {
    await using klaw = await connect()
    const dying = klaw.actor(Pipe).remote()
    const heir = klaw.actor(Pipe).remote()
    await Promise.all([dying.ready(), heir.ready()])
    const [tx, rx] = await klaw.channel<number>()
    const [report, reports] = await klaw.channel<number>()
    await tx.sendBatch(numbers(0, 3_000))
    dying.take.remote(rx, report, 1_000)
    await report.close()
    const taken: number[] = []
    for (let index = 0; index < 1_000; index++) taken.push(await reports.recv())
    await klaw.kill(dying)
    const rest = heir.consume.remote(rx)
    await rx.close()
    await tx.close()
    const all = [...taken, ...(await rest)].sort((a, b) => a - b)
    expect(all).toEqual(numbers(0, 3_000))
  })

  test('a consumer that dies in the middle of everything loses only what it had taken and told nobody of', async () => {
    await using klaw = await connect()
    const [tx, rx] = await klaw.channel<number>({ capacity: 64 })
    const [report, reports] = await klaw.channel<number>()
    const heir = klaw.actor(Pipe).remote()
    const rest = heir.consume.remote(rx)
    const victims = numbers(0, 3).map(() => klaw.actor(Pipe).remote())
    for (const victim of victims) victim.take.remote(rx, report, 1_000_000)
    await report.close()
    await rx.close()
    const total = 20_000
    const sending = (async () => {
      for (let n = 0; n < total; n++) await tx.send(n)
      await tx.close()
    })()
    const told: number[] = []
    const telling = (async () => {
      for await (const n of reports) {
        told.push(n)
        if (told.length % 500 === 0)
          await klaw.kill(victims[told.length / 500 - 1] ?? heir, { noRestart: true }).catch(() => undefined)
        if (told.length === 1_500) break
      }
    })()
    await Promise.race([telling, sending])
    for (const victim of victims) await klaw.kill(victim)
    await sending
    for await (const n of reports) told.push(n)
    const received = [...told, ...(await rest)]
    expect(new Set(received).size, 'nothing is doubled').toBe(received.length)
    // At most one item per victim was taken and not told of: the one between its recv and the end of its send.
    expect(total - received.length).toBeLessThanOrEqual(victims.length * 2)
  })

  test('acknowledged mode: what a killed consumer held is delivered again, with a count', async () => {
    await using klaw = await connect()
    const dying = klaw.actor(Pipe).remote()
    const [tx, rx] = await klaw.channel<number>({ ack: 'manual' })
    await tx.sendBatch(numbers(0, 50))
    expect(await dying.hoard.remote(rx as Receiver<Delivery<number>>, 50)).toBe(50)
    await klaw.kill(dying)
    const again: number[] = []
    for (let index = 0; index < 50; index++) {
      const delivery = await rx.recv()
      expect(delivery.deliveryCount).toBe(2)
      again.push(delivery.value)
      delivery.ack()
    }
    expect(again).toEqual(numbers(0, 50))
    expect(await tx.stats()).toMatchObject({ length: 0, unacknowledged: 0, redelivered: 50 })
  })

  test('a producer that dies counts as closed', async () => {
    await using klaw = await connect()
    const producer = klaw.actor(Pipe).remote()
    const [tx, rx] = await klaw.channel<number>()
    await producer.hold.remote(tx)
    await tx.send(1)
    await tx.close()
    expect(await rx.recv()).toBe(1)
    const ended = rx.recv().catch((error) => error)
    producer.exit.remote()
    expect(await ended).toMatchObject({ code: 'CHANNEL_CLOSED' })
  })

  test('four producers and one consumer: every item once, in the order of its sender', async () => {
    await using klaw = await connect()
    const consumer = klaw.actor(Pipe).remote()
    const producers = numbers(0, 4).map(() => klaw.actor(Pipe).remote())
    const [tx, rx] = await klaw.channel<number>({ capacity: 256 })
    const received = consumer.consume.remote(rx)
    const sent = producers.map((producer, index) => producer.produce.remote(tx, index * 10_000, index * 10_000 + 5_000))
    await tx.close()
    await rx.close()
    await Promise.all(sent)
    const list = await received
    for (let sender = 0; sender < 4; sender++) {
      const own = list.filter((n) => Math.floor(n / 10_000) === sender)
      expect(own).toEqual(numbers(sender * 10_000, sender * 10_000 + 5_000))
    }
  })

  test('four producers and four consumers: every item once', async () => {
    await using klaw = await connect()
    const actors = numbers(0, 8).map(() => klaw.actor(Pipe).remote())
    const [tx, rx] = await klaw.channel<number>({ capacity: 256 })
    const received = actors.slice(0, 4).map((consumer) => consumer.consume.remote(rx))
    const sent = actors
      .slice(4)
      .map((producer, index) => producer.produce.remote(tx, index * 10_000, index * 10_000 + 5_000))
    await tx.close()
    await rx.close()
    await Promise.all(sent)
    const lists = await Promise.all(received)
    const all = lists.flat().sort((a, b) => a - b)
    expect(all).toEqual(numbers(0, 4).flatMap((sender) => numbers(sender * 10_000, sender * 10_000 + 5_000)))
  })

  test('everything pending ends with the runtime', async () => {
    const klaw = await connect()
    const [tx, rx] = await klaw.channel<number>({ capacity: 1 })
    const [, never] = await klaw.oneshot<number>()
    const [, values] = await klaw.watch(1)
    const [, events] = await klaw.broadcast<number>()
    await tx.send(1)
    const pending = [tx.send(2), tx.reserve(), never.recv(), values.changed(), events.recv()]
    const outcomes = Promise.allSettled(pending)
    const closed = tx.closed()
    await klaw.shutdown()
    await closed
    for (const outcome of await outcomes) expect(outcome.status).toBe('rejected')
    await expect(rx.recv()).rejects.toMatchObject({ code: 'CHANNEL_BACKEND' })
    await expect(klaw.channel()).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' })
  })
})
