import { ChannelClosed, ChannelEmpty, ChannelTimeout, select } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { isPending } from './support.ts'

export const oneshotsSuite = suite('oneshot', (engine, it) => {
  it('carries one value', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    expect(await tx.send('a')).toBeUndefined()
    expect(await pending).toBe('a')
  })

  it('a value sent before close is still delivered', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    await tx.send('a')
    await tx.close()
    expect(await rx.recv()).toBe('a')
  })

  it('is for one use', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    await tx.send('a')
    expect(tx.isClosed).toBe(true)
    const error = await rejection(tx.send('b'))
    expect(error).toBeInstanceOf(ChannelClosed)
    expect((error as ChannelClosed).value).toBe('b')
    expect(await tx.trySend('c')).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED', value: 'c' } })
    expect(await rx.recv()).toBe('a')
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
    expect(rx.isClosed).toBe(true)
  })

  it('one of two receives gets the value, the other fails', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    const pending = Promise.allSettled([rx.recv(), rx.recv()])
    await tx.send('a')
    expect((await pending).map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected'])
  })

  it('a sender that closes without a value ends the receive', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    const pending = rx.recv()
    await tx.close()
    await tx.close()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
  })

  it('closed tells the sender that nobody waits any more', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    const closed = tx.closed()
    expect(await isPending(closed)).toBe(true)
    await rx.close()
    expect(await closed).toBeUndefined()
    expect(tx.isClosed).toBe(true)
    const value = 'unsent'
    const result = await tx.trySend(value)
    expect(result).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED', value } })
  })

  it('closed can be given up', async () => {
    const [tx] = await engine.oneshot<string>()
    expect(await rejection(tx.closed({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(tx.closed({ signal: AbortSignal.abort('no') }))).toBe('no')
    await tx.close()
    await tx.closed()
  })

  it('tryRecv takes the value, or says that there is none', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    const empty = await rx.tryRecv()
    if (empty.ok) throw new Error('there was a value')
    expect(empty.error).toBeInstanceOf(ChannelEmpty)
    expect((await tx.trySend('a')).ok).toBe(true)
    const won = await select({ rx })
    expect(won).toEqual({ case: 'rx', value: { ok: true, value: 'a' } })
    expect(await rx.tryRecv()).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED' } })
  })

  it('a receive that is given up does not take the value', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    expect(await rejection(rx.recv({ timeout: 10 }))).toBeInstanceOf(ChannelTimeout)
    expect(await rejection(rx.recv({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
    const controller = new AbortController()
    const pending = rx.recv({ signal: controller.signal })
    controller.abort('no')
    expect(await rejection(pending)).toBe('no')
    await tx.send('a')
    expect(await rejection(rx.recv({ signal: AbortSignal.abort('already') }))).toBe('already')
    expect(await rx.recv()).toBe('a')
  })

  it('closing the receiver ends a receive that waits', async () => {
    const [, rx] = await engine.oneshot<string>()
    const pending = rx.recv()
    await rx[Symbol.asyncDispose]()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
  })

  it('wrong timeouts are refused', async () => {
    const [tx, rx] = await engine.oneshot<string>()
    expect(await rejection(rx.recv({ timeout: -1 }))).toBeInstanceOf(RangeError)
    expect(await rejection(tx.closed({ timeout: Number.NaN }))).toBeInstanceOf(RangeError)
  })
})
