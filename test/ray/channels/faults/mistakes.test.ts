import { select, sending } from '@klaw/core'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HubAddress } from '../../../../src/engine/ray/hub/open-hub.ts'
import { ChannelClosed, ChannelConfigMismatch } from '../../../../src/errors.ts'
import { failure, rejection } from '../../../support/rejection.ts'
import { until } from '../../../support/until.ts'
import { session } from '../../faults/support/session.ts'
import { findHub } from './support/agent-session.ts'
import { HubPeer } from './support/hub-peer.ts'

let hub: HubAddress

beforeAll(async () => {
  hub = await findHub()
})

function peerOf(): HubPeer {
  const peer = new HubPeer(hub)
  onTestFinished(() => peer.close())
  return peer
}

function nameOf(what: string): string {
  return `${what}-${process.pid}-${Math.random()}`
}

test('another kind, capacity or mode than the channel of that name has', async () => {
  const [one, other] = [peerOf(), peerOf()]
  const name = nameOf('taken')
  const [tx] = await one.channel<number>({ name, capacity: 7 })
  for (const [attempt, what] of [
    [() => other.watch(1, { name }), /watch.*mpmc|mpmc.*watch/s],
    [() => other.broadcast({ name, capacity: 7 }), /broadcast.*mpmc|mpmc.*broadcast/s],
    [() => other.channel({ name, capacity: 8 }), /8.*7|7.*8/s],
    [() => other.channel({ name, unbounded: true }), /7/],
    [() => other.acknowledged({ name, capacity: 7 }), /has ack false; ack true was asked for/],
  ] as const) {
    const error = await rejection(attempt())
    expect(error).toBeInstanceOf(ChannelConfigMismatch)
    expect((error as Error).message).toMatch(what)
    expect((error as Error).message).toContain(name)
  }
  const watched = nameOf('watched')
  await one.watch(1, { name: watched })
  const error = await rejection(other.channel({ name: watched }))
  expect(error).toBeInstanceOf(ChannelConfigMismatch)
  // Whoever was refused has changed nothing.
  expect(await tx.stats()).toMatchObject({ senders: 1, receivers: 1, sent: 0 })
  expect(await other.channels.delete(name, 'klaw')).toBe(true)
  expect(await other.channels.delete(watched, 'klaw')).toBe(true)
})

test('a channel that nobody has made; one that is deleted while others use it: every holder is told', async () => {
  const [one, other, third] = [peerOf(), peerOf(), peerOf()]
  const name = nameOf('deleted')
  expect(await one.channels.find(name, 'klaw')).toBeUndefined()
  expect(await one.channels.delete(name, 'klaw')).toBe(false)
  const [tx, rx] = await one.channel<number>({ name, capacity: 2 })
  const [otherTx, otherRx] = await other.channel<number>({ name, capacity: 2 })
  const [, empty] = await other.channel<number>({ name: `${name}-empty` })
  await tx.sendBatch([1, 2])
  const pending = {
    send: failure(otherTx.send(3)),
    sendBatch: failure(tx.sendBatch([4, 5])),
    reserve: failure(otherTx.reserve()),
  }
  const receiving = failure(empty.recv())
  const closed = Promise.all([tx.closed(), otherTx.closed()])
  await until(async () => (await tx.stats()).waitingSenders === 3)
  await until(async () => (await empty.stats()).waitingReceivers === 1)
  expect(await third.channels.delete(name, 'klaw')).toBe(true)
  expect(await third.channels.delete(`${name}-empty`, 'klaw')).toBe(true)
  for (const [what, outcome] of Object.entries({ ...pending, receiving })) {
    const error = await outcome
    expect(error, what).toBeInstanceOf(ChannelClosed)
    expect((error as Error).message, what).toMatch(/was deleted/)
  }
  expect(await pending.send).toMatchObject({ value: 3 })
  expect(await pending.sendBatch).toMatchObject({ value: [4, 5] })
  await closed
  for (const end of [rx, otherRx]) expect(await rejection(end.recv())).toBeInstanceOf(ChannelClosed)
  expect(await third.channels.find(name, 'klaw')).toBeUndefined()
  // The name is free, and what it stands for now is another channel.
  const [fresh] = await third.channel<number>({ name, capacity: 3 })
  expect(await fresh.stats()).toMatchObject({ sent: 0, senders: 1, receivers: 1 })
  expect(await third.channels.delete(name, 'klaw')).toBe(true)
})

test('what can not travel is refused with its path, what is too large with how large it may be; the channel goes on', async () => {
  const klaw = await session()
  const [tx, rx] = await klaw.channel<unknown>({ capacity: 4 })
  expect(await rejection(tx.send({ user: { avatar: () => 1 } }))).toMatchObject({
    code: 'SERIALIZATION',
    message: expect.stringMatching(/message\.user\.avatar/),
  })
  expect(await rejection(tx.sendBatch([1, { bad: Symbol('x') }]))).toMatchObject({ code: 'SERIALIZATION' })
  // Any other way to send it would store it first, and a case has no time for that.
  const tooLarge = await rejection(select([sending(tx, new Uint8Array(16_000_000))]))
  expect(tooLarge).toMatchObject({
    code: 'SERIALIZATION',
    message: expect.stringMatching(/^message: 16000\d+ bytes are too many for a case of select, which takes 15728640/),
  })
  await tx.sendBatch([1, 2, 3, 4])
  expect(await rx.recvBatch({ max: 4, maxWait: 5_000 })).toEqual([1, 2, 3, 4])
  expect(await tx.stats()).toMatchObject({ sent: 4, received: 4, length: 0 })
})
