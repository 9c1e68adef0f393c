import { ChannelClosed } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { drain, isPending, take, untilStats } from './support.ts'

export const closingSuite = suite('closing', (engine, it) => {
  it('when the last sender closes, receivers drain what is buffered, then get ChannelClosed', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch([1, 2])
    await tx.close()
    expect(await take(rx, 2)).toEqual([1, 2])
    const error = await rejection(rx.recv())
    expect(error).toBeInstanceOf(ChannelClosed)
    expect(error).toMatchObject({ code: 'CHANNEL_CLOSED' })
    expect(rx.isClosed).toBe(true)
  })

  it('a receiver that waits gets ChannelClosed when the last sender closes', async () => {
    const [tx, rx] = await engine.channel<number>()
    const pending = [rx.recv(), rx.recv(), rx.clone().recv()]
    await tx.close()
    for (const each of pending) expect(await rejection(each)).toBeInstanceOf(ChannelClosed)
  })

  it('the channel lives as long as one sender does', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = tx.clone()
    await tx.close()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await other.send(1)
    expect(await pending).toBe(1)
    await other.close()
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
  })

  it('when the last receiver closes, sends fail and give the value back', async () => {
    const [tx, rx] = await engine.channel<object>()
    await rx.close()
    await tx.closed()
    const value = {}
    const error = await rejection(tx.send(value))
    expect(error).toBeInstanceOf(ChannelClosed)
    expect((error as ChannelClosed).value).toBe(value)
    expect(tx.isClosed).toBe(true)
  })

  it('when the last receiver closes, sends that wait fail and give the value back', async () => {
    const [tx, rx] = await engine.channel<object>({ capacity: 1 })
    await tx.send({})
    const values = [{ id: 1 }, { id: 2 }]
    const pending = [tx.send(values[0] as object), tx.clone().send(values[1] as object)]
    await untilStats(tx, { waitingSenders: 2 })
    await rx.close()
    for (const [index, each] of pending.entries()) {
      const error = await rejection(each)
      expect(error).toBeInstanceOf(ChannelClosed)
      expect((error as ChannelClosed).value).toBe(values[index])
    }
  })

  it('the channel lives as long as one receiver does', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = rx.clone()
    await rx.close()
    await tx.send(1)
    expect(await other.recv()).toBe(1)
  })

  it('a clone counts once, however often it is closed', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [otherTx, otherRx] = [tx.clone(), rx.clone()]
    await untilStats(tx, { senders: 2, receivers: 2 })
    for (let round = 0; round < 3; round++) {
      await otherTx.close()
      await otherRx.close()
    }
    await untilStats(tx, { senders: 1, receivers: 1 })
    await tx.send(1)
    expect(await rx.recv()).toBe(1)
  })

  it('a sender that was closed cannot be used', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = tx.clone()
    await tx.close()
    expect(tx.isClosed).toBe(true)
    for (const error of [
      await rejection(tx.send(1)),
      await rejection(tx.sendBatch([1])),
      await rejection(tx.reserve()),
      await rejection((async () => tx.clone())()),
    ]) {
      expect(error).toBeInstanceOf(ChannelClosed)
      expect((error as Error).message).toBe('this sender is closed')
    }
    expect(await tx.trySend(1)).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED', value: 1 } })
    expect(await tx.trySendBatch([1])).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED', value: [1] } })
    await other.send(2)
    expect(await rx.recv()).toBe(2)
  })

  it('a receiver that was closed cannot be used', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = rx.clone()
    await tx.send(1)
    await rx.close()
    expect(rx.isClosed).toBe(true)
    for (const error of [
      await rejection(rx.recv()),
      await rejection(rx.recvBatch()),
      await rejection((async () => rx.clone())()),
    ]) {
      expect(error).toBeInstanceOf(ChannelClosed)
      expect((error as Error).message).toBe('this receiver is closed')
    }
    expect(await rx.tryRecv()).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED' } })
    expect(await drain(rx)).toEqual([])
    expect(await other.recv()).toBe(1)
  })

  it('closing a receiver ends what waits on it, and nothing else', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = rx.clone()
    const [mine, others] = [rx.recv(), other.recv()]
    await rx.close()
    expect(await rejection(mine)).toBeInstanceOf(ChannelClosed)
    await tx.send(1)
    expect(await others).toBe(1)
  })

  it('what a receiver had not taken when it closed goes to others, in order', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = rx.clone()
    await tx.sendBatch([1, 2, 3, 4, 5])
    expect(await rx.recv()).toBe(1)
    await rx.close()
    expect(await take(other, 4)).toEqual([2, 3, 4, 5])
  })

  it('a send that waits when its sender closes is still delivered', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const sends = [tx.send(1), tx.send(2), tx.send(3)]
    await tx.close()
    expect(await drain(rx)).toEqual([1, 2, 3])
    await Promise.all(sends)
  })

  it('ends are async disposable', async () => {
    const [tx, rx] = await engine.channel<number>()
    {
      await using own = tx.clone()
      await own.send(1)
    }
    await untilStats(tx, { senders: 1 })
    await tx[Symbol.asyncDispose]()
    expect(await drain(rx)).toEqual([1])
    await rx[Symbol.asyncDispose]()
    expect(rx.isClosed).toBe(true)
  })

  it('a channel can be closed from both sides while both wait', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1)
    const send = tx.send(2)
    const other = rx.clone()
    await Promise.all([tx.close(), rx.close(), other.close()])
    expect(await rejection(send)).toBeInstanceOf(ChannelClosed)
  })
})
