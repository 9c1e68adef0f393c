import { ChannelClosed, ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { drain, isPending, take, untilStats } from './support.ts'

export const permitsSuite = suite('permits', (engine, it) => {
  it('a permit holds one slot', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const permit = await tx.reserve()
    expect((await tx.trySend(1)).ok).toBe(false)
    expect((await tx.clone().trySend(1)).ok).toBe(false)
    await permit.send(2)
    expect(await rx.recv()).toBe(2)
  })

  it('reserve waits for room, in line with sends', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1)
    const reserved = tx.reserve()
    const behind = tx.send(3)
    expect(await isPending(reserved)).toBe(true)
    expect(await rx.recv()).toBe(1)
    const permit = await reserved
    expect(await isPending(behind)).toBe(true)
    await permit.send(2)
    expect(await take(rx, 2)).toEqual([2, 3])
    await behind
  })

  it('giving a permit back frees its slot', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const permit = await tx.reserve()
    const waiting = tx.clone().send(1)
    expect(await isPending(waiting)).toBe(true)
    permit.release()
    permit.release()
    await waiting
    expect(await rx.recv()).toBe(1)
  })

  it('disposing a permit gives its slot back', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    {
      using _permit = await tx.reserve()
    }
    await tx.send(1)
    {
      expect(await rx.recv()).toBe(1)
      using permit = await tx.reserve()
      await permit.send(2)
    }
    expect(await rx.recv()).toBe(2)
    await tx.send(3)
    expect((await tx.trySend(4)).ok).toBe(false)
  })

  it('a permit can be used once', async () => {
    const [tx] = await engine.channel<number>({ capacity: 2 })
    const permit = await tx.reserve()
    await permit.send(1)
    const error = await rejection((async () => permit.send(2))())
    expect(error).toMatchObject({ code: 'KLAW', message: 'the permit was used already' })
  })

  it('close waits for permits that were given', async () => {
    const [tx, rx] = await engine.channel<number>()
    const permit = await tx.reserve()
    await tx.close()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await permit.send(1)
    expect(await pending).toBe(1)
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
  })

  it('the channel ends when the last permit is given back', async () => {
    const [tx, rx] = await engine.channel<number>()
    const permit = await tx.reserve()
    await tx.close()
    const pending = drain(rx)
    expect(await isPending(pending)).toBe(true)
    permit.release()
    expect(await pending).toEqual([])
  })

  it('a permit of a channel that nobody receives from any more gives the value back', async () => {
    const [tx, rx] = await engine.channel<number>()
    const permit = await tx.reserve()
    await rx.close()
    await tx.closed()
    const error = await rejection((async () => permit.send(1))())
    expect(error).toBeInstanceOf(ChannelClosed)
    expect((error as ChannelClosed).value).toBe(1)
    expect(await rejection(tx.reserve())).toBeInstanceOf(ChannelClosed)
  })

  it('a reserve that is given up holds nothing', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1)
    expect(await rejection(tx.reserve({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(tx.reserve({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    const controller = new AbortController()
    const pending = tx.reserve({ signal: controller.signal })
    controller.abort('no')
    expect(await rejection(pending)).toBe('no')
    expect(await rx.recv()).toBe(1)
    await tx.send(2, { timeout: 30_000 })
    const permit = rx.recv().then(() => tx.reserve({ timeout: 30_000 }))
    ;(await permit).release()
  })

  it('a reserve that waits fails when the last receiver closes', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1)
    const pending = tx.reserve()
    await untilStats(tx, { waitingSenders: 1 })
    await rx.close()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
  })
})
