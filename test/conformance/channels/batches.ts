import { ChannelClosed, ChannelFull, ChannelPartialSend, ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { isPending, numbers, take, untilStats } from './support.ts'

export const batchesSuite = suite('batches', (engine, it) => {
  it('sendBatch keeps the order', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch(numbers(100))
    expect(await take(rx, 100)).toEqual(numbers(100))
  })

  it('sendBatch takes any iterable, also an empty one', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    await tx.sendBatch(new Set([1, 2]))
    await tx.sendBatch([])
    expect(await take(rx, 2)).toEqual([1, 2])
  })

  it('sendBatch of more than the capacity goes in as there is room', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    const sent = tx.sendBatch(numbers(20))
    expect(await isPending(sent)).toBe(true)
    expect(await take(rx, 20)).toEqual(numbers(20))
    await sent
  })

  it('sendBatch that fits waits for room for all, and then is there as a whole', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    await tx.sendBatch([1, 2])
    const batch = tx.sendBatch([3, 4, 5])
    await rx.recv()
    expect(await isPending(batch)).toBe(true)
    expect(await rx.recv()).toBe(2)
    await batch
    await untilStats(tx, { length: 3 })
    expect(await take(rx, 3)).toEqual([3, 4, 5])
  })

  it('nothing of other senders comes between the values of a batch', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const other = tx.clone()
    await tx.send(0)
    const batch = tx.sendBatch([1, 2, 3, 4, 5])
    await untilStats(tx, { waitingSenders: 1 })
    const single = other.send(6)
    expect(await take(rx, 7)).toEqual([0, 1, 2, 3, 4, 5, 6])
    await Promise.all([batch, single])
  })

  it('a later send of the same sender does not overtake a batch that waits', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const all = [tx.send(0), tx.sendBatch([1, 2, 3, 4, 5]), tx.send(6)]
    expect(await take(rx, 7)).toEqual(numbers(7))
    await Promise.all(all)
  })

  it('sendBatch that fits and is given up sends nothing', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    await tx.sendBatch([1, 2])
    expect(await rejection(tx.sendBatch([3, 4], { timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(tx.sendBatch([5, 6], { timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    const controller = new AbortController()
    const aborted = tx.sendBatch([7, 8], { signal: controller.signal })
    controller.abort('no')
    expect(await rejection(aborted)).toBe('no')
    expect(await rejection(tx.sendBatch([9], { signal: AbortSignal.abort('already') }))).toBe('already')
    await tx.send(10)
    expect(await take(rx, 3)).toEqual([1, 2, 10])
  })

  it('sendBatch larger than the capacity that is given up half-way says what was sent', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const controller = new AbortController()
    const batch = tx.sendBatch([1, 2, 3, 4, 5], { signal: controller.signal })
    expect(await rx.recv()).toBe(1)
    await untilStats(tx, { length: 2 })
    controller.abort('enough')
    const error = await rejection(batch)
    expect(error).toBeInstanceOf(ChannelPartialSend)
    expect(error).toMatchObject({ code: 'CHANNEL_PARTIAL_SEND', sent: 3, unsent: [4, 5], cause: 'enough' })
    await tx.close()
    expect(await take(rx, 2)).toEqual([2, 3])
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
  })

  it('sendBatch gives back what was not sent when the channel closes', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const batch = tx.sendBatch([1, 2, 3, 4])
    await untilStats(tx, { length: 2 })
    await rx.close()
    const error = await rejection(batch)
    expect(error).toBeInstanceOf(ChannelClosed)
    expect((error as ChannelClosed).value).toEqual([3, 4])
    await tx.closed()
    expect(await rejection(tx.sendBatch([5]))).toMatchObject({ code: 'CHANNEL_CLOSED', value: [5] })
  })

  it('trySendBatch is all or nothing', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    await tx.send(0)
    const result = await tx.trySendBatch([1, 2, 3])
    if (result.ok) throw new Error('there was room')
    expect(result.error).toBeInstanceOf(ChannelFull)
    expect(result.error.value).toEqual([1, 2, 3])
    expect((await tx.trySendBatch([4, 5])).ok).toBe(true)
    expect((await tx.trySendBatch([])).ok).toBe(true)
    expect(await take(rx, 3)).toEqual([0, 4, 5])
    expect((await tx.stats()).sent).toBe(3)
  })

  it('trySendBatch does not overtake those who wait', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    await tx.sendBatch([1, 2])
    const batch = tx.sendBatch([3, 4])
    await untilStats(tx, { waitingSenders: 1 })
    expect(await rx.recv()).toBe(1)
    await untilStats(tx, { length: 1 })
    expect((await tx.clone().trySendBatch([5])).ok).toBe(false)
    expect(await take(rx, 3)).toEqual([2, 3, 4])
    await batch
  })
})
