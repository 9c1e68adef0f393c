import { ChannelClosed, ChannelEmpty, ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { drain, isPending, numbers, untilStats } from './support.ts'

export const receivingSuite = suite('receiving', (engine, it) => {
  it('recv waits for a value', async () => {
    const [tx, rx] = await engine.channel<number>()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await tx.send(1)
    expect(await pending).toBe(1)
  })

  it('recv with a timeout fails when nothing comes in time, and takes nothing', async () => {
    const [tx, rx] = await engine.channel<number>()
    const error = await rejection(rx.recv({ timeout: 20 }))
    expect(error).toBeInstanceOf(ChannelTimeout)
    expect(error).toMatchObject({ code: 'CHANNEL_TIMEOUT', timeout: 20 })
    await tx.send(1)
    expect(await rx.recv()).toBe(1)
  })

  it('recv with timeout 0 succeeds if it can, and fails at once if not', async () => {
    const [tx, rx] = await engine.channel<number>()
    expect(await rejection(rx.recv({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    await tx.send(1)
    await untilStats(tx, { length: 1 })
    expect(await rx.recv({ timeout: 0 })).toBe(1)
  })

  it('tryRecv takes a value, or says that there is none', async () => {
    const [tx, rx] = await engine.channel<number>()
    const empty = await rx.tryRecv()
    if (empty.ok) throw new Error('there was a value')
    expect(empty.error).toBeInstanceOf(ChannelEmpty)
    await tx.send(1)
    await untilStats(tx, { length: 1 })
    expect(await rx.tryRecv()).toEqual({ ok: true, value: 1 })
    await tx.close()
    // The end of the channel may take a moment to arrive; until then it is empty.
    await rejection(rx.recv())
    const closed = await rx.tryRecv()
    if (closed.ok) throw new Error('there was a value')
    expect(closed.error).toBeInstanceOf(ChannelClosed)
  })

  it('recvBatch returns what there is', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch([1, 2, 3])
    await untilStats(tx, { length: 3 })
    const values = await rx.recvBatch()
    while (values.length < 3) values.push(...(await rx.recvBatch()))
    expect(values).toEqual([1, 2, 3])
  })

  it('recvBatch takes at most max', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch(numbers(10))
    const values: number[] = []
    while (values.length < 10) {
      const batch = await rx.recvBatch({ max: 3 })
      expect(batch.length).toBeGreaterThanOrEqual(1)
      expect(batch.length).toBeLessThanOrEqual(3)
      values.push(...batch)
    }
    expect(values).toEqual(numbers(10))
  })

  it('recvBatch waits for at least one', async () => {
    const [tx, rx] = await engine.channel<number>()
    const pending = rx.recvBatch({ max: 10 })
    expect(await isPending(pending)).toBe(true)
    await tx.send(1)
    expect(await pending).toEqual([1])
  })

  it('recvBatch waits up to maxWait for more', async () => {
    const [tx, rx] = await engine.channel<number>()
    const full = rx.recvBatch({ max: 3, maxWait: 30_000 })
    for (const value of [1, 2, 3]) await tx.send(value)
    expect(await full).toEqual([1, 2, 3])
    await tx.send(4)
    expect(await rx.recvBatch({ max: 3, maxWait: 20 })).toEqual([4])
  })

  it('recvBatch returns what it has when the channel closes, and then fails', async () => {
    const [tx, rx] = await engine.channel<number>()
    const pending = rx.recvBatch({ max: 3, maxWait: 30_000 })
    await tx.send(1)
    await tx.close()
    expect(await pending).toEqual([1])
    expect(await rejection(rx.recvBatch())).toBeInstanceOf(ChannelClosed)
  })

  it('recvBatch with a timeout or a signal takes nothing when it is given up', async () => {
    const [tx, rx] = await engine.channel<number>()
    expect(await rejection(rx.recvBatch({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    const controller = new AbortController()
    const pending = rx.recvBatch({ signal: controller.signal })
    controller.abort('no')
    expect(await rejection(pending)).toBe('no')
    await tx.send(1)
    expect(await rejection(rx.recvBatch({ signal: AbortSignal.abort('already') }))).toBe('already')
    expect(await rx.recv()).toBe(1)
  })

  it('recvBatch that is given up once it has a value returns it', async () => {
    const [tx, rx] = await engine.channel<number>()
    const controller = new AbortController()
    const pending = rx.recvBatch({ max: 2, maxWait: 30_000, signal: controller.signal })
    await tx.send(1)
    await untilStats(tx, { length: 0, received: 1 })
    controller.abort()
    expect(await pending).toEqual([1])
  })

  it('iteration yields everything and ends when the channel has closed and is drained', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    const producer = (async () => {
      for (const value of numbers(50)) await tx.send(value)
      await tx.close()
    })()
    expect(await drain(rx)).toEqual(numbers(50))
    await producer
    expect(await drain(rx)).toEqual([])
  })

  it('leaving an iteration neither closes the receiver nor loses a value', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch([1, 2, 3])
    for await (const value of rx) {
      expect(value).toBe(1)
      break
    }
    expect(rx.isClosed).toBe(false)
    for await (const value of rx) {
      expect(value).toBe(2)
      break
    }
    expect(await rx.recv()).toBe(3)
  })

  it('an error thrown in an iteration loses nothing', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch([1, 2])
    const failing = (async () => {
      for await (const value of rx) throw new Error(`failed at ${value}`)
    })()
    expect(await rejection(failing)).toEqual(new Error('failed at 1'))
    expect(await rx.recv()).toBe(2)
  })

  it('iteration ends when its own receiver is closed', async () => {
    const [, rx] = await engine.channel<number>()
    const all = drain(rx)
    await rx.close()
    expect(await all).toEqual([])
  })

  it('several iterations share the values', async () => {
    const [tx, rx] = await engine.channel<number>()
    const all = Promise.all([drain(rx), drain(rx), drain(rx.clone())])
    for (const value of numbers(100)) await tx.send(value)
    await tx.close()
    expect((await all).flat().sort((a, b) => a - b)).toEqual(numbers(100))
  })
})
