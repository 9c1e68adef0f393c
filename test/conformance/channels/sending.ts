import { ChannelClosed, ChannelFull, ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { isPending, numbers, take, untilStats } from './support.ts'

export const sendingSuite = suite('sending', (engine, it) => {
  it('send delivers a value', async () => {
    const [tx, rx] = await engine.channel<string>()
    expect(await tx.send('a')).toBeUndefined()
    expect(await rx.recv()).toBe('a')
  })

  it('null, undefined, false, 0 and an empty string are values', async () => {
    const [tx, rx] = await engine.channel<unknown>()
    const values = [null, undefined, false, 0, '']
    for (const value of values) await tx.send(value)
    expect(await take(rx, 5)).toEqual(values)
    await tx.send(undefined)
    await untilStats(rx, { length: 1 })
    expect(await rx.tryRecv()).toEqual({ ok: true, value: undefined })
  })

  it('an error is a value', async () => {
    const [tx, rx] = await engine.channel<Error>()
    await tx.send(new RangeError('no'))
    expect(await rx.recv()).toEqual(new RangeError('no'))
  })

  it('send waits for room and goes on when there is some', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    await tx.send(1)
    await tx.send(2)
    const third = tx.send(3)
    expect(await isPending(third)).toBe(true)
    expect(await rx.recv()).toBe(1)
    await third
    expect(await take(rx, 2)).toEqual([2, 3])
  })

  it('send with a timeout fails when there is no room in time, and is never delivered', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1)
    const error = await rejection(tx.send(2, { timeout: 20 }))
    expect(error).toBeInstanceOf(ChannelTimeout)
    expect(error).toMatchObject({ code: 'CHANNEL_TIMEOUT', timeout: 20 })
    expect(await rx.recv()).toBe(1)
    await tx.send(3)
    expect(await rx.recv()).toBe(3)
  })

  it('send with timeout 0 succeeds if it can, and fails at once if not', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1, { timeout: 0 })
    expect(await rejection(tx.send(2, { timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rx.recv()).toBe(1)
    await tx.send(3, { timeout: 0 })
    expect(await rx.recv()).toBe(3)
  })

  it('trySend succeeds while there is room', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    expect(await tx.trySend(1)).toEqual({ ok: true, value: undefined })
    expect((await tx.trySend(2)).ok).toBe(true)
    expect((await tx.trySend(3)).ok).toBe(false)
    expect(await take(rx, 2)).toEqual([1, 2])
    expect((await tx.trySend(4)).ok).toBe(true)
    expect(await rx.recv()).toBe(4)
  })

  it('trySend gives the value and the capacity back when there is no room', async () => {
    const [tx] = await engine.channel<{ id: number }>({ capacity: 1 })
    await tx.send({ id: 1 })
    const value = { id: 2 }
    const result = await tx.trySend(value)
    if (result.ok) throw new Error('there was room')
    expect(result.error).toBeInstanceOf(ChannelFull)
    expect(result.error).toMatchObject({ code: 'CHANNEL_FULL', capacity: 1 })
    expect(result.error.value).toBe(value)
  })

  it('trySend gives the value back when nobody can receive', async () => {
    const [tx, rx] = await engine.channel<object>()
    await rx.close()
    await tx.closed()
    const value = {}
    const result = await tx.trySend(value)
    if (result.ok) throw new Error('somebody received')
    expect(result.error).toBeInstanceOf(ChannelClosed)
    expect(result.error.value).toBe(value)
  })

  it('an unbounded channel always has room', async () => {
    const [tx, rx] = await engine.channel<number>({ unbounded: true })
    for (const value of numbers(20_000)) await tx.send(value)
    expect(tx.capacity).toBe(Number.POSITIVE_INFINITY)
    expect(await take(rx, 20_000)).toEqual(numbers(20_000))
  })

  it('the capacity is 10,000 unless told otherwise', async () => {
    const [tx, rx] = await engine.channel<number>()
    expect([tx.capacity, rx.capacity]).toEqual([10_000, 10_000])
    for (const value of numbers(10_000)) await tx.send(value)
    expect((await tx.trySend(-1)).ok).toBe(false)
  })

  it('closed settles when the last receiver has closed', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = rx.clone()
    const closed = tx.closed()
    await rx.close()
    expect(await isPending(closed)).toBe(true)
    await other.close()
    expect(await closed).toBeUndefined()
    expect(tx.isClosed).toBe(true)
    await tx.closed()
  })

  it('closed settles when its own sender is closed', async () => {
    const [tx] = await engine.channel<number>()
    const closed = tx.closed()
    await tx.close()
    await closed
  })

  it('closed can be given up', async () => {
    const [tx] = await engine.channel<number>()
    expect(await rejection(tx.closed({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(tx.closed({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(tx.closed({ signal: AbortSignal.abort('no') }))).toBe('no')
    expect(tx.isClosed).toBe(false)
  })
})
