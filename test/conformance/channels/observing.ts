import { expect } from 'vitest'
import { suite } from './suite.ts'
import { numbers, take, untilStats } from './support.ts'

export const observingSuite = suite('length, capacity and stats', (engine, it) => {
  it('length counts what was accepted and not yet taken', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 5 })
    for (const count of numbers(6)) {
      await untilStats(tx, { length: count })
      expect((await rx.stats()).length).toBe(count)
      if (count < 5) await tx.send(count)
    }
    for (const count of [4, 3, 2, 1, 0]) {
      await rx.recv()
      await untilStats(rx, { length: count })
    }
  })

  it('a slot is free again when its value was taken, not before', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    await tx.sendBatch([1, 2, 3])
    expect(await rx.recv()).toBe(1)
    await tx.send(4, { timeout: 30_000 })
    expect((await tx.trySend(5)).ok).toBe(false)
    expect((await tx.stats()).length).toBe(3)
    expect(await take(rx, 3)).toEqual([2, 3, 4])
  })

  it('the capacity is never exceeded', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 4 })
    const producers = [tx.clone(), tx.clone(), tx].map(async (own, index) => {
      for (const value of numbers(60, index * 60)) await own.send(value)
      await own.close()
    })
    const all: number[] = []
    for await (const value of rx) {
      all.push(value)
      expect((await rx.stats()).length).toBeLessThanOrEqual(4)
    }
    await Promise.all(producers)
    expect(all.sort((a, b) => a - b)).toEqual(numbers(180))
    expect((await rx.stats()).highWaterMark).toBeLessThanOrEqual(4)
  })

  it('stats count senders, receivers and those who wait', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    expect(await tx.stats()).toMatchObject({ capacity: 2, length: 0, senders: 1, receivers: 1, sent: 0, received: 0 })
    const [otherTx, otherRx] = [tx.clone(), rx.clone()]
    await untilStats(tx, { senders: 2, receivers: 2 })
    const received = otherRx.recv()
    await untilStats(tx, { waitingReceivers: 1, waitingSenders: 0 })
    await tx.sendBatch([1, 2])
    await received
    await tx.send(3)
    const waiting = otherTx.send(4)
    await untilStats(rx, { waitingReceivers: 0, waitingSenders: 1, length: 2, sent: 3, received: 1 })
    await rx.recv()
    await waiting
    await untilStats(rx, { waitingSenders: 0, length: 2, sent: 4, received: 2, unacknowledged: 0, redelivered: 0 })
  })

  it('stats know the high-water mark', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch([1, 2, 3])
    await untilStats(tx, { length: 3 })
    await take(rx, 3)
    await tx.send(4)
    await untilStats(tx, { length: 1, highWaterMark: 3 })
  })
})
