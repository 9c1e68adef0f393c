import { ChannelClosed, type Delivery, type Receiver } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { isPending, untilStats } from './support.ts'

export const acknowledgedSuite = suite('acknowledged mode', (engine, it) => {
  /** The value and the number of the delivery. */
  const seen = ({ value, deliveryCount }: Delivery<unknown>) => [value, deliveryCount]
  const receive = async (rx: Receiver<Delivery<unknown>>) => seen(await rx.recv())

  it('recv gives a delivery', async () => {
    const [tx, rx] = await engine.acknowledged<string>()
    await tx.send('a')
    const delivery = await rx.recv()
    expect(seen(delivery)).toEqual(['a', 1])
    delivery.ack()
    await untilStats(tx, { unacknowledged: 0, received: 1, redelivered: 0 })
  })

  it('tryRecv, recvBatch and iteration give deliveries too', async () => {
    const [tx, rx] = await engine.acknowledged<number>()
    await tx.sendBatch([1, 2, 3])
    await untilStats(tx, { length: 3 })
    const first = await rx.tryRecv()
    if (!first.ok) throw first.error
    first.value.ack()
    const [second] = await rx.recvBatch({ max: 1 })
    second?.ack()
    for await (const third of rx) {
      third.ack()
      expect([first.value.value, second?.value, third.value]).toEqual([1, 2, 3])
      break
    }
  })

  it('a delivery that is given back is delivered again, before all others', async () => {
    const [tx, rx] = await engine.acknowledged<string>()
    await tx.sendBatch(['a', 'b'])
    const delivery = await rx.recv()
    delivery.nack()
    await untilStats(tx, { redelivered: 1 })
    expect(await receive(rx)).toEqual(['a', 2])
    expect(await receive(rx)).toEqual(['b', 1])
  })

  it('a delivery that is given back goes to a receiver that waits', async () => {
    const [tx, rx] = await engine.acknowledged<string>()
    await tx.send('a')
    const delivery = await rx.recv()
    const waiting = receive(rx.clone())
    expect(await isPending(waiting)).toBe(true)
    delivery.nack()
    expect(await waiting).toEqual(['a', 2])
  })

  it('what is not acknowledged by the deadline is delivered again, with a delivery count', async () => {
    const [tx, rx] = await engine.acknowledged<string>({ ackTimeout: 30 })
    await tx.send('a')
    expect(await receive(rx)).toEqual(['a', 1])
    expect(await receive(rx)).toEqual(['a', 2])
    const third = await rx.recv()
    expect(seen(third)).toEqual(['a', 3])
    third.ack()
    expect((await tx.stats()).redelivered).toBe(2)
  })

  it('what is acknowledged in time is not delivered again', async () => {
    const [tx, rx] = await engine.acknowledged<string>({ ackTimeout: 40 })
    await tx.send('a')
    const delivery = await rx.recv()
    delivery.ack()
    await rejection(rx.recv({ timeout: 100 }))
    expect(await tx.stats()).toMatchObject({ redelivered: 0, received: 1 })
  })

  it('acknowledging twice, or after giving back, does nothing', async () => {
    const [tx, rx] = await engine.acknowledged<string>({ capacity: 2 })
    await tx.sendBatch(['a', 'b'])
    const first = await rx.recv()
    first.ack()
    first.ack()
    first.nack()
    await untilStats(tx, { length: 1, unacknowledged: 0 })
    const second = await rx.recv()
    second.nack()
    second.ack()
    second.nack()
    expect(await receive(rx)).toEqual(['b', 2])
    await untilStats(tx, { length: 0, unacknowledged: 1, redelivered: 1 })
  })

  it('a late acknowledgement does nothing to the next delivery', async () => {
    const [tx, rx] = await engine.acknowledged<string>({ ackTimeout: 30 })
    await tx.send('a')
    const late = await rx.recv()
    const again = await rx.recv()
    expect(seen(again)).toEqual(['a', 2])
    late.ack()
    late.nack()
    expect(await receive(rx)).toEqual(['a', 3])
  })

  it('what a receiver held when it closed is delivered to others, in order', async () => {
    const [tx, rx] = await engine.acknowledged<string>()
    const other = rx.clone()
    await tx.sendBatch(['a', 'b', 'c'])
    const held = [await rx.recv(), await rx.recv()]
    expect(held.map(seen)).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    await rx.close()
    expect([await receive(other), await receive(other), await receive(other)]).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 1],
    ])
  })

  it('items that are not acknowledged count against the capacity', async () => {
    const [tx, rx] = await engine.acknowledged<number>({ capacity: 2 })
    await tx.sendBatch([1, 2])
    const delivery = await rx.recv()
    await untilStats(tx, { length: 1, unacknowledged: 1 })
    expect((await tx.trySend(3)).ok).toBe(false)
    const waiting = tx.send(3)
    expect(await isPending(waiting)).toBe(true)
    delivery.ack()
    await waiting
  })

  it('the channel ends when all is acknowledged, not before', async () => {
    const [tx, rx] = await engine.acknowledged<string>()
    await tx.send('a')
    const delivery = await rx.recv()
    await tx.close()
    const waiting = rx.recv()
    expect(await isPending(waiting)).toBe(true)
    delivery.nack()
    const again = await waiting
    expect(seen(again)).toEqual(['a', 2])
    const end = rx.recv()
    expect(await isPending(end)).toBe(true)
    again.ack()
    expect(await rejection(end)).toBeInstanceOf(ChannelClosed)
  })

  it('an aborted recv takes no delivery', async () => {
    const [tx, rx] = await engine.acknowledged<string>()
    const controller = new AbortController()
    const pending = rx.recv({ signal: controller.signal })
    controller.abort('no')
    expect(await rejection(pending)).toBe('no')
    await tx.send('a')
    expect(await receive(rx)).toEqual(['a', 1])
  })

  it('when the last receiver closes, sends fail although deliveries are out', async () => {
    const [tx, rx] = await engine.acknowledged<string>({ capacity: 1 })
    await tx.send('a')
    const delivery = await rx.recv()
    const waiting = tx.send('b')
    await untilStats(tx, { waitingSenders: 1 })
    await rx.close()
    expect(await rejection(waiting)).toMatchObject({ code: 'CHANNEL_CLOSED', value: 'b' })
    delivery.ack()
    delivery.nack()
  })
})
