import { ChannelClosed, ChannelEmpty, ChannelLagged, ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { suite } from './suite.ts'
import { drain, isPending, numbers } from './support.ts'

export const broadcastsSuite = suite('broadcast', (engine, it) => {
  it('every receiver sees every value', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    const others = [await tx.subscribe(), await tx.subscribe()]
    for (const value of numbers(20)) expect(await tx.send(value)).toBe(3)
    await tx.close()
    for (const receiver of [rx, ...others]) expect(await drain(receiver)).toEqual(numbers(20))
  })

  it('a receiver sees what is sent after it subscribed', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    await tx.send(1)
    const late = await tx.subscribe()
    const later = await rx.subscribe()
    await tx.send(2)
    expect([await rx.recv(), await rx.recv(), await late.recv(), await later.recv()]).toEqual([1, 2, 2, 2])
  })

  it('a clone has read as much as the receiver that it was made of', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    for (const value of [1, 2, 3]) await tx.send(value)
    expect(await rx.recv()).toBe(1)
    const clone = await rx.clone()
    expect([await clone.recv(), await clone.recv(), await rx.recv(), await rx.recv()]).toEqual([2, 3, 2, 3])
  })

  it('recv waits for a value', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await tx.send(1)
    expect(await pending).toBe(1)
  })

  it('two receives of one receiver get different values', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    const pending = Promise.all([rx.recv(), rx.recv()])
    await tx.send(1)
    await tx.send(2)
    expect(await pending).toEqual([1, 2])
  })

  it('a slow receiver is told once how many it missed, then gets the oldest retained; others are unaffected', async () => {
    const [tx, slow] = await engine.broadcast<number>({ capacity: 3 })
    const fast = await tx.subscribe()
    for (const value of numbers(10)) {
      await tx.send(value)
      expect(await fast.recv()).toBe(value)
    }
    const error = await rejection(slow.recv())
    expect(error).toBeInstanceOf(ChannelLagged)
    expect(error).toMatchObject({ code: 'CHANNEL_LAGGED', missed: 7 })
    expect([await slow.recv(), await slow.recv(), await slow.recv()]).toEqual([7, 8, 9])
    await tx.send(10)
    expect([await slow.recv(), await fast.recv()]).toEqual([10, 10])
  })

  it('a receiver that is exactly the capacity behind misses nothing', async () => {
    const [tx, rx] = await engine.broadcast<number>({ capacity: 3 })
    for (const value of numbers(3)) await tx.send(value)
    expect([await rx.recv(), await rx.recv(), await rx.recv()]).toEqual([0, 1, 2])
    for (const value of numbers(4)) await tx.send(value)
    expect(await rejection(rx.recv())).toMatchObject({ missed: 1 })
    expect(await rx.recv()).toBe(1)
  })

  it('tryRecv tells values, emptiness, lag and the end apart', async () => {
    const [tx, rx] = await engine.broadcast<number>({ capacity: 1 })
    const failure = async () => {
      const result = await rx.tryRecv()
      if (result.ok) throw new Error(`got ${result.value}`)
      return result.error
    }
    expect(await failure()).toBeInstanceOf(ChannelEmpty)
    await tx.send(1)
    await tx.send(2)
    expect(await failure()).toBeInstanceOf(ChannelLagged)
    expect(await rx.tryRecv()).toEqual({ ok: true, value: 2 })
    await tx.close()
    await rejection(rx.recv())
    expect(await failure()).toBeInstanceOf(ChannelClosed)
  })

  it('iteration throws when values were missed', async () => {
    const [tx, rx] = await engine.broadcast<number>({ capacity: 2 })
    for (const value of numbers(5)) await tx.send(value)
    await tx.close()
    expect(await rejection(drain(rx))).toMatchObject({ code: 'CHANNEL_LAGGED', missed: 3 })
    expect(await drain(rx)).toEqual([3, 4])
  })

  it('iteration with onLag reports what was missed and goes on', async () => {
    const [tx, rx] = await engine.broadcast<number>({ capacity: 2 })
    for (const value of numbers(5)) await tx.send(value)
    await tx.close()
    const missed: number[] = []
    expect(await drain(rx.iterate({ onLag: (count) => missed.push(count) }))).toEqual([3, 4])
    expect(missed).toEqual([3])
  })

  it('leaving an iteration loses nothing', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    for (const value of [1, 2]) await tx.send(value)
    for await (const value of rx) {
      expect(value).toBe(1)
      break
    }
    expect(await rx.recv()).toBe(2)
  })

  it('when the last sender closes, receivers read what is retained, then get ChannelClosed', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    const other = tx.clone()
    await tx.send(1)
    await tx.close()
    await tx.close()
    expect(await rx.recv()).toBe(1)
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await other.close()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
    expect(rx.isClosed).toBe(true)
  })

  it('sending to nobody is fine, and is not kept', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    await rx.close()
    await tx.closed()
    expect(await tx.send(1)).toBe(0)
    const late = await tx.subscribe()
    expect(await tx.send(2)).toBe(1)
    expect(await late.recv()).toBe(2)
  })

  it('closed settles when no receiver is left', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    const other = await rx.clone()
    const closed = tx.closed()
    await rx.close()
    expect(await isPending(closed)).toBe(true)
    await other.close()
    await closed
    await until(() => tx.receiverCount === 0)
  })

  it('ends that were closed cannot be used', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    const other = tx.clone()
    const waiting = rx.recv()
    await tx.close()
    await rx[Symbol.asyncDispose]()
    for (const pending of [
      () => waiting,
      () => tx.send(1),
      () => tx.clone(),
      () => tx.subscribe(),
      () => rx.recv(),
      () => rx.clone(),
      () => rx.subscribe(),
    ]) {
      expect(await rejection((async () => pending())())).toBeInstanceOf(ChannelClosed)
    }
    expect(await tx.trySend(1)).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED', value: 1 } })
    expect(await drain(rx)).toEqual([])
    await other.close()
  })

  it('a receive that is given up reads nothing', async () => {
    const [tx, rx] = await engine.broadcast<number>()
    expect(await rejection(rx.recv({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(rx.recv({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    const controller = new AbortController()
    const pending = rx.recv({ signal: controller.signal })
    controller.abort('no')
    expect(await rejection(pending)).toBe('no')
    await tx.send(1)
    expect(await rejection(rx.recv({ signal: AbortSignal.abort('already') }))).toBe('already')
    expect(await rx.recv()).toBe(1)
  })

  it('wrong arguments are refused', async () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await rejection((async () => engine.broadcast({ capacity }))())).toBeInstanceOf(RangeError)
    }
    expect(await rejection((async () => engine.broadcast({ size: 1 } as never))())).toBeInstanceOf(TypeError)
    const [, rx] = await engine.broadcast<number>()
    expect(await rejection(rx.recv({ timeout: -1 }))).toBeInstanceOf(RangeError)
    expect(() => rx.iterate({ onLag: 5 } as never)).toThrow(TypeError)
  })
})
