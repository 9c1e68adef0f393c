import { ChannelClosed, ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { suite } from './suite.ts'
import { drain, isPending } from './support.ts'

export const watchesSuite = suite('watch', (engine, it) => {
  it('holds the latest value', async () => {
    const [tx, rx] = await engine.watch('a')
    expect([tx.borrow(), rx.borrow()]).toEqual(['a', 'a'])
    await tx.send('b')
    await tx.send('c')
    await until(() => rx.borrow() === 'c' && tx.borrow() === 'c')
  })

  it('changed waits for a value that was not seen yet', async () => {
    const [tx, rx] = await engine.watch(0)
    const pending = rx.changed()
    expect(await isPending(pending)).toBe(true)
    await tx.send(1)
    expect(await pending).toBeUndefined()
    expect(rx.borrow()).toBe(1)
    expect(await isPending(rx.changed())).toBe(true)
  })

  it('values that came and went in between are skipped', async () => {
    const [tx, rx] = await engine.watch(0)
    for (const value of [1, 2, 3]) await tx.send(value)
    await until(() => rx.borrow() === 3)
    await rx.changed()
    expect(rx.borrow()).toBe(3)
    expect(rx.hasChanged()).toBe(false)
  })

  it('a value that is the same is a change all the same', async () => {
    const [tx, rx] = await engine.watch(0)
    await tx.send(0)
    await rx.changed()
  })

  it('a subscriber sees the value at subscription as seen', async () => {
    const [tx, rx] = await engine.watch(0)
    expect(rx.hasChanged()).toBe(false)
    await tx.send(1)
    await rx.changed()
    const subscribers = [await tx.subscribe(), await rx.subscribe()]
    for (const subscriber of subscribers) {
      expect(subscriber.borrow()).toBe(1)
      expect(subscriber.hasChanged()).toBe(false)
    }
    await tx.send(2)
    for (const subscriber of subscribers) {
      await subscriber.changed()
      expect(subscriber.borrow()).toBe(2)
    }
  })

  it('a clone has seen as much as the receiver that it was made of', async () => {
    const [tx, rx] = await engine.watch(0)
    await tx.send(1)
    await until(() => rx.hasChanged())
    const clone = await rx.clone()
    expect(clone.hasChanged()).toBe(true)
    await clone.changed()
    expect([clone.hasChanged(), rx.hasChanged()]).toEqual([false, true])
  })

  it('borrow does not mark as seen, borrowAndUpdate does', async () => {
    const [tx, rx] = await engine.watch(0)
    await tx.send(1)
    await until(() => rx.borrow() === 1)
    expect(rx.hasChanged()).toBe(true)
    expect(rx.borrowAndUpdate()).toBe(1)
    expect(rx.hasChanged()).toBe(false)
  })

  it('every receiver is told', async () => {
    const [tx, rx] = await engine.watch(0)
    const others = [await tx.subscribe(), await tx.subscribe()]
    const told = Promise.all([rx.changed(), rx.changed(), ...others.map((other) => other.changed())])
    await tx.send(1)
    await told
  })

  it('update makes a new value of the latest', async () => {
    const [tx, rx] = await engine.watch({ count: 1 })
    await tx.update(({ count }) => ({ count: count + 1 }))
    await rx.changed()
    expect(rx.borrow()).toEqual({ count: 2 })
  })

  it('updates of several senders lose nothing', async () => {
    const [tx, rx] = await engine.watch(0)
    const senders = [tx, tx.clone(), tx.clone()]
    await Promise.all(
      senders.map(async (sender) => {
        for (let round = 0; round < 20; round++) await sender.update((count) => count + 1)
      }),
    )
    await until(() => rx.borrow() === 60)
  })

  it('an update that throws changes nothing and notifies nobody', async () => {
    const [tx, rx] = await engine.watch(1)
    const error = new Error('no')
    const failed = tx.update(() => {
      throw error
    })
    expect(await rejection(failed)).toBe(error)
    expect([tx.borrow(), rx.borrow(), rx.hasChanged()]).toEqual([1, 1, false])
    await tx.update((value) => value + 1)
    await rx.changed()
    expect(rx.borrow()).toBe(2)
  })

  it('the last value before close is still seen, then ChannelClosed', async () => {
    const [tx, rx] = await engine.watch(0)
    await tx.send(1)
    await tx.close()
    await tx.close()
    await rx.changed()
    expect(rx.borrow()).toBe(1)
    expect(await rejection(rx.changed())).toBeInstanceOf(ChannelClosed)
    expect(rx.isClosed).toBe(true)
    expect(rx.borrow()).toBe(1)
  })

  it('a changed that waits fails when the last sender closes', async () => {
    const [tx, rx] = await engine.watch(0)
    const other = tx.clone()
    const pending = rx.changed()
    await tx.close()
    expect(await isPending(pending)).toBe(true)
    await other[Symbol.asyncDispose]()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
  })

  it('iteration yields values that were not seen, until the channel has closed', async () => {
    const [tx, rx] = await engine.watch(0)
    const seen: number[] = []
    const watching = (async () => {
      for await (const value of rx) {
        seen.push(value)
        if (value < 3) await tx.send(value + 1)
        else await tx.close()
      }
    })()
    await tx.send(1)
    await watching
    expect(seen).toEqual([1, 2, 3])
    expect(await drain(rx)).toEqual([])
  })

  it('sending while nobody looks is fine', async () => {
    const [tx, rx] = await engine.watch(0)
    const closed = tx.closed()
    expect(await isPending(closed)).toBe(true)
    await rx.close()
    await closed
    await tx.send(1)
    const late = await tx.subscribe()
    expect(late.borrow()).toBe(1)
    await until(() => tx.receiverCount === 1)
  })

  it('a changed that is given up marks nothing as seen', async () => {
    const [tx, rx] = await engine.watch(0)
    expect(await rejection(rx.changed({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(rx.changed({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    const controller = new AbortController()
    const pending = rx.changed({ signal: controller.signal })
    controller.abort('no')
    expect(await rejection(pending)).toBe('no')
    await tx.send(1)
    await until(() => rx.borrow() === 1)
    expect(await rejection(rx.changed({ signal: AbortSignal.abort('already') }))).toBe('already')
    expect(rx.hasChanged()).toBe(true)
    await rx.changed({ timeout: 0 })
  })

  it('ends that were closed cannot be used', async () => {
    const [tx, rx] = await engine.watch(0)
    const other = tx.clone()
    const waiting = rx.changed()
    await tx.close()
    await rx.close()
    for (const pending of [
      () => waiting,
      () => tx.send(1),
      () => tx.update((value) => value),
      () => tx.borrow(),
      () => tx.clone(),
      () => tx.subscribe(),
      () => rx.changed(),
      () => rx.borrow(),
      () => rx.borrowAndUpdate(),
      () => rx.clone(),
      () => rx.subscribe(),
    ]) {
      expect(await rejection((async () => pending())())).toBeInstanceOf(ChannelClosed)
    }
    expect(other.isClosed).toBe(false)
    await other.close()
  })

  it('wrong arguments are refused', async () => {
    const [tx, rx] = await engine.watch(0)
    expect(await rejection(rx.changed({ timeout: -1 }))).toBeInstanceOf(RangeError)
    expect(await rejection(tx.update(5 as never))).toBeInstanceOf(TypeError)
  })
})
