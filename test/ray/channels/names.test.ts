import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import {
  ChannelClosed,
  connect,
  type Delivery,
  pyActorClass,
  type Receiver,
  type Runtime,
  type Sender,
} from '@klaw/core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type Neighbours, namesSuite } from '../../conformance/channels/names.ts'
import { strangersSuite } from '../../conformance/channels/strangers.ts'
import { untilStats } from '../../conformance/channels/support.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'

const session = () => connect(inject('rayAddress') as `ray://${string}`, { timeout: 60_000 })

/** Two sessions, as two processes have them. */
async function open(): Promise<Neighbours> {
  const [one, other] = await Promise.all([session(), session()])
  return { one, other, close: async () => void (await Promise.all([one.shutdown(), other.shutdown()])) }
}

namesSuite('ray', open)
strangersSuite('ray', open)

describe('lifetimes of channels on Ray', () => {
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await session()
  })
  afterAll(() => klaw.shutdown())
  const fresh = () => `lifetimes-${randomUUID()}`

  test('a named channel outlives the session that made it, with what is in it', async () => {
    const name = fresh()
    const maker = await session()
    const [tx] = await maker.channel<string>({ name })
    await tx.sendBatch(['a', 'b'])
    await maker.shutdown()
    await until(async () => (await klaw.getChannel(name))?.stats.senders === 0)
    expect(await klaw.getChannel(name)).toMatchObject({ stats: { length: 2, receivers: 0, sent: 2 } })
    const [, rx] = await klaw.channel<string>({ name })
    expect([await rx.recv(), await rx.recv()]).toEqual(['a', 'b'])
    await klaw.deleteChannel(name)
  })

  test('a ttl begins with the end of the last session that held it', async () => {
    const name = fresh()
    const maker = await session()
    await maker.channel<string>({ name, ttl: 200 })
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await klaw.getChannel(name)).toBeDefined()
    await maker.shutdown()
    await until(async () => (await klaw.getChannel(name)) === undefined)
  })

  test("with lifetime 'session' nothing more can be sent once its maker is gone; what is there can be received", async () => {
    const name = fresh()
    const maker = await session()
    const [makersTx] = await maker.channel<string>({ name, lifetime: 'session', capacity: 1 })
    const [tx, rx] = await klaw.channel<string>({ name, lifetime: 'session', capacity: 1 })
    await makersTx.send('there')
    const waiting = rejection(tx.send('waits'))
    await untilStats(tx, { length: 1, waitingSenders: 1 })
    await maker.shutdown()
    const error = (await waiting) as ChannelClosed
    expect(error).toBeInstanceOf(ChannelClosed)
    expect(error).toMatchObject({ message: expect.stringContaining('session'), value: 'waits' })
    expect(await rejection(tx.send('late'))).toBeInstanceOf(ChannelClosed)
    expect(await rx.recv()).toBe('there')
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
    await Promise.all([tx.close(), rx.close()])
    await until(async () => (await klaw.getChannel(name)) === undefined)
  })

  test('an unnamed one ends with the session that made it, too', async () => {
    const maker = await session()
    const name = fresh()
    const [door, doorway] = await klaw.channel<{ tx: Sender<string>; rx: Receiver<string> }>({ name })
    const [doorOfMaker] = await maker.channel<object>({ name })
    const [tx, rx] = await maker.channel<string>()
    await tx.send('there')
    await doorOfMaker.send({ tx, rx })
    const handed = await doorway.recv()
    await untilStats(handed.tx, { senders: 2, receivers: 2, length: 1 })
    await maker.shutdown()
    await until(() => handed.tx.isClosed)
    expect(await rejection(handed.tx.send('late'))).toBeInstanceOf(ChannelClosed)
    expect(await handed.rx.recv()).toBe('there')
    expect(await rejection(handed.rx.recv())).toBeInstanceOf(ChannelClosed)
    await Promise.all([door, doorway, handed.tx, handed.rx].map((end) => end.close()))
    await klaw.deleteChannel(name)
  })

  test('stats: where the ends are, rates, what is in flight and what came back', async () => {
    const name = fresh()
    const [tx, rx] = await klaw.channel<number>({ name, ack: 'manual' })
    const clone = rx.clone()
    const label = `${hostname()}:${process.pid}`
    await tx.sendBatch(Array.from({ length: 100 }, (_, index) => index))
    const deliveries: Delivery<number>[] = []
    for (let count = 0; count < 30; count++) deliveries.push(await rx.recv())
    for (const delivery of deliveries.slice(0, 10)) delivery.ack()
    deliveries[10]?.nack()
    await untilStats(tx, { unacknowledged: 19, redelivered: 1, sent: 100, length: 71, highWaterMark: 100 })
    const stats = await tx.stats()
    expect(stats.nodes).toEqual({ [label]: { senders: 1, receivers: 2 } })
    expect(stats.sentRate).toBeGreaterThan(0)
    // A mean over a second at least, in which the latest count a little more.
    expect(stats.sentRate).toBeLessThan(150)
    expect(stats.receivedRate).toBeGreaterThan(0)
    await clone.close()
    await untilStats(tx, { receivers: 1 })
    await klaw.deleteChannel(name)
  })

  test('what a Python peer sends is checked, too', async () => {
    interface Peer {
      open(name: string, options: object): string
      send_named(value: unknown): void
      close_named(): void
    }
    const peer = klaw.actor(pyActorClass<Peer, []>('klaw_fixtures.channel_peers', 'Peer'), { numCpus: 0 }).remote()
    const name = fresh()
    const schema = z.object({ mean: z.number(), values: z.array(z.number()) })
    const [tx, rx] = await klaw.channel({ name, schema })
    await peer.open.remote(name, {})
    await peer.send_named.remote({ mean: 1, values: [1, 'two'] })
    await peer.send_named.remote({ mean: 1, values: [1, 2] })
    const error = await rejection(rx.recv())
    expect(error).toMatchObject({ code: 'CHANNEL_SCHEMA', at: 'recv', issues: [{ path: 'values[1]' }] })
    expect(await rx.recv()).toEqual({ mean: 1, values: [1, 2] })
    await peer.close_named.remote()
    await tx.close()
    await klaw.deleteChannel(name)
  })
})
