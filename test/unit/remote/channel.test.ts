import { describe, expect, test } from 'vitest'
import type { ReceivePort } from '../../../src/core/ports.ts'
import { rejection } from '../../support/rejection.ts'
import { Rig, spec } from './rig.ts'

test('a name that is opened again after its channel was over is not lost with the holders of the old one', async () => {
  await using rig = new Rig()
  const { channels } = await rig.client()
  const options = spec({ name: 'again', lifetime: 'session' })
  const first = await channels.open(options)
  await first.send.send(1, undefined)
  first.send.close()
  expect(await first.receive.recv(undefined)).toBe(1)
  await rejection(first.receive.recv(undefined))
  const second = await channels.open(options)
  first.receive.close()
  await second.send.send(2, undefined)
  expect(await channels.find('again', 'test')).toMatchObject({ name: 'again' })
  expect(await second.receive.recv(undefined)).toBe(2)
})

test('a sender that comes back before its channel has been drained revives it', async () => {
  await using rig = new Rig()
  const { channels } = await rig.client()
  const options = spec({ name: 'revived' })
  const first = await channels.open(options)
  await first.send.send(1, undefined)
  first.send.close()
  await first.send.stats()
  const second = await channels.open(options)
  expect(await first.receive.recv(undefined)).toBe(1)
  const pending = first.receive.recv(undefined)
  await second.send.send(2, undefined)
  expect(await pending).toBe(2)
  second.send.close()
  await rejection(first.receive.recv(undefined))
})

test('a channel that nobody receives from any more is over: its name begins anew', async () => {
  await using rig = new Rig()
  const { channels } = await rig.client()
  const options = spec({ name: 'left', lifetime: 'session' })
  const first = await channels.open(options)
  first.receive.close()
  await first.send.closed(undefined)
  const held = first.send
  const second = await channels.open(options)
  await second.send.send(1, undefined)
  expect(await second.receive.recv(undefined)).toBe(1)
  held.close()
})

test('a channel that is deleted while items are being taken ends for its holders, and nothing else does', async () => {
  await using rig = new Rig()
  const { channels } = await rig.client()
  const { send, receive } = await channels.open(spec({ name: 'deleted' }))
  for (let n = 0; n < 300; n++) await send.send(n, undefined)
  for (let n = 0; n < 100; n++) await receive.recv(undefined)
  const deleting = channels.delete('deleted', 'test')
  for (let n = 0; n < 50; n++) await receive.recv(undefined).catch(() => {})
  expect(await deleting).toBe(true)
  const other = await channels.open(spec())
  await other.send.send(1, undefined)
  expect(await other.receive.recv(undefined)).toBe(1)
})

describe('capacity', () => {
  test('is exact across senders of several threads', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'exact', capacity: 3 })
    const first = await a.channels.open(options)
    const second = await b.channels.open(options)
    const results = []
    for (let n = 0; n < 3; n++) {
      results.push((await first.send.trySend(n)).ok, (await second.send.trySend(n)).ok)
    }
    expect(results.filter(Boolean)).toHaveLength(3)
    expect((await first.send.stats()).length).toBe(3)
    await second.receive.recv(undefined)
    expect((await first.send.trySend('after')).ok).toBe(true)
    expect((await second.send.trySend('full')).ok).toBe(false)
  })

  test('what was fetched in advance and not taken still counts', async () => {
    await using rig = new Rig()
    const { channels } = await rig.client()
    const { send, receive } = await channels.open(spec({ capacity: 64 }))
    for (let n = 0; n < 200; n++) {
      await send.send(n, undefined)
      expect(await receive.recv(undefined)).toBe(n)
    }
    let accepted = 0
    while ((await send.trySend(accepted)).ok) accepted++
    expect(accepted).toBe(64)
  })

  test('credits that lie idle at one sender are there for another', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'idle', capacity: 1000 })
    const first = await a.channels.open(options)
    const second = await b.channels.open(options)
    for (let n = 0; n < 500; n++) await first.send.send(n, undefined)
    for (let n = 0; n < 500; n++) expect((await second.send.trySend(n)).ok).toBe(true)
    expect((await second.send.trySend('one too many')).ok).toBe(false)
  })

  test('two batches that each need the whole capacity take turns', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'batches', capacity: 10 })
    const first = await a.channels.open(options)
    const second = await b.channels.open(options)
    const values = Array.from({ length: 10 }, (_, n) => n)
    const sends = Promise.all([
      first.send.sendBatch(values, undefined),
      second.send.sendBatch(values, undefined),
      first.send.sendBatch(values, undefined),
    ])
    const received = []
    for (let n = 0; n < 30; n++) received.push(await second.receive.recv(undefined))
    await sends
    expect(received).toEqual([...values, ...values, ...values])
  })
})

describe('a receiver that goes away', () => {
  test('what it had fetched and not taken reaches another, in order', async () => {
    await using rig = new Rig()
    const [a, b, c] = [await rig.client(), await rig.client(), await rig.client()]
    const options = spec({ name: 'crash' })
    const { send } = await a.channels.open(options)
    const dying = await b.channels.open(options)
    const heir = await c.channels.open(options)
    const received: unknown[] = []
    for (let n = 0; n < 300; n++) await send.send(n, undefined)
    // Enough quick receives that it fetches in advance, and one after which something of that is left.
    while (received.length < 50 || (dying.receive.length === 0 && received.length < 290)) {
      received.push(await dying.receive.recv(undefined))
    }
    expect(dying.receive.length).toBeGreaterThan(0)
    b.client.connection.close()
    while ((await send.stats()).receivers > 2) await heir.send.stats()
    while (received.length < 300) received.push(await heir.receive.recv(undefined))
    expect(received).toEqual(Array.from({ length: 300 }, (_, n) => n))
  })

  test('closing gives back at once', async () => {
    await using rig = new Rig()
    const { channels } = await rig.client()
    const { send, receive } = await channels.open(spec())
    const other = receive.clone()
    for (let n = 0; n < 50; n++) await send.send(n, undefined)
    for (let n = 0; n < 20; n++) expect(await receive.recv(undefined)).toBe(n)
    receive.close()
    for (let n = 20; n < 50; n++) expect(await other.recv(undefined)).toBe(n)
  })

  test('an idle one does not sit on what another waits for', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'idle receiver' })
    const idle = await a.channels.open(options)
    const waiting = await b.channels.open(options)
    for (let n = 0; n < 100; n++) await idle.send.send(n, undefined)
    for (let n = 0; n < 60; n++) await idle.receive.recv(undefined)
    const rest = new Set<unknown>()
    for (let n = 0; n < 40; n++) rest.add(await waiting.receive.recv(undefined))
    expect(rest.size).toBe(40)
    expect((await waiting.receive.tryRecv()).ok).toBe(false)
  })

  test('a tryRecv elsewhere finds what it has fetched', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'probe' })
    const first = await a.channels.open(options)
    const second = await b.channels.open(options)
    for (let n = 0; n < 30; n++) {
      await first.send.send(n, undefined)
      await first.receive.recv(undefined)
    }
    await first.send.send('x', undefined)
    expect(await second.receive.tryRecv()).toEqual({ ok: true, value: 'x' })
  })

  test('aborted receives take nothing and leave no demand behind', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'aborted' })
    const first = await a.channels.open(options)
    const second = await b.channels.open(options)
    const controller = new AbortController()
    const receives = Array.from({ length: 10_000 }, () => first.receive.recv({ signal: controller.signal }))
    controller.abort(new Error('enough'))
    const outcomes = await Promise.allSettled(receives)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect((await first.send.stats()).waitingReceivers).toBe(0)
    await first.send.send('kept', undefined)
    expect(await second.receive.recv(undefined)).toBe('kept')
  })

  test('10,000 that wait do not hold up the sends', async () => {
    await using rig = new Rig()
    const { channels } = await rig.client()
    const { send, receive } = await channels.open(spec())
    const receives = Array.from({ length: 10_000 }, () => receive.recv(undefined))
    for (let n = 0; n < 10_000; n++) await send.send(n, undefined)
    expect(await Promise.all(receives)).toEqual(Array.from({ length: 10_000 }, (_, n) => n))
  })
})

describe('closing', () => {
  test('a sender whose thread is gone counts as closed', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'sender gone', lifetime: 'session' })
    const dying = await a.channels.open(options)
    const { send, receive } = await b.channels.open(options)
    await send.send('mine', undefined)
    send.close()
    await dying.send.send('its own', undefined)
    a.client.connection.close()
    const received = [await receive.recv(undefined), await receive.recv(undefined)]
    expect(received.sort()).toEqual(['its own', 'mine'])
    await expect(receive.recv(undefined)).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
  })

  test('the hub forgets a channel that nobody holds', async () => {
    await using rig = new Rig()
    const { client, channels } = await rig.client()
    const { send, receive } = await channels.open(spec())
    const clone = send.clone()
    send.close()
    receive.close()
    clone.close()
    expect(await client.connection.request('channel.count')).toBe(0)
  })

  test('everything that waits learns that the hub is gone', async () => {
    await using rig = new Rig()
    const { client, channels } = await rig.client()
    const { send, receive } = await channels.open(spec({ capacity: 1 }))
    const waiting = receive.recv(undefined).catch((error) => error)
    client.connection.close()
    expect(await waiting).toMatchObject({ code: 'CHANNEL_BACKEND', backend: 'embedded' })
    await expect(send.send(1, undefined)).rejects.toMatchObject({ code: 'CHANNEL_BACKEND' })
    expect(await send.trySend(1)).toMatchObject({ ok: false, error: { code: 'CHANNEL_BACKEND' } })
  })

  test('a channel that is deleted ends for those who wait', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'deleted', capacity: 1 })
    const { send, receive } = await a.channels.open(options)
    await send.send(1, undefined)
    const blocked = send.send(2, undefined).catch((error) => error)
    const other = (await b.channels.open(options)).receive
    await other.recv(undefined)
    await blocked
    await receive.recv(undefined)
    const waiting = receive.recv(undefined).catch((error) => error)
    expect(await b.channels.delete('deleted', 'test')).toBe(true)
    expect(await waiting).toMatchObject({ code: 'CHANNEL_CLOSED', message: expect.stringContaining('deleted') })
    expect(await b.channels.delete('deleted', 'test')).toBe(false)
    expect(await b.channels.list('test')).toEqual([])
  })
})

describe('acknowledged mode', () => {
  test('what a dead receiver had taken and not acknowledged is delivered again, with its count', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'acks', ack: true })
    const { send, receive } = await a.channels.open(options)
    const dying = await b.channels.open(options)
    await send.send('job', undefined)
    const delivery = (await dying.receive.recv(undefined)) as { value: string; deliveryCount: number }
    expect(delivery).toMatchObject({ value: 'job', deliveryCount: 1 })
    b.client.connection.close()
    const again = (await receive.recv(undefined)) as { value: string; deliveryCount: number; ack(): void }
    expect(again).toMatchObject({ value: 'job', deliveryCount: 2 })
    again.ack()
    expect(await send.stats()).toMatchObject({ unacknowledged: 0, redelivered: 1, length: 0 })
  })

  test('the deadline brings it back', async () => {
    await using rig = new Rig()
    const { channels } = await rig.client()
    const { send, receive } = await channels.open(spec({ ack: true, ackTimeout: 20 }))
    await send.send('job', undefined)
    await receive.recv(undefined)
    expect(await (receive as ReceivePort<{ deliveryCount: number }>).recv(undefined)).toMatchObject({
      deliveryCount: 2,
    })
  })
})

describe('channel ends inside messages', () => {
  test('arrive as clones that can be used, and are counted', async () => {
    await using rig = new Rig()
    const [a, b] = [await rig.client(), await rig.client()]
    const options = spec({ name: 'carrier' })
    const carrier = await a.channels.open(options)
    const inner = await a.channels.open(spec())
    const other = await b.channels.open(options)
    await carrier.send.send({ reply: handle(inner.send) }, undefined)
    const message = (await other.receive.recv(undefined)) as { reply: typeof inner.send }
    inner.send.close()
    await message.reply.send('through', undefined)
    message.reply.close()
    expect(await inner.receive.recv(undefined)).toBe('through')
    await expect(inner.receive.recv(undefined)).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
    await b.client.barrier()
    expect(rig.hub.leases.size).toBe(0)
  })

  test('are closed when the message is dropped unread', async () => {
    await using rig = new Rig()
    const { client, channels } = await rig.client()
    const carrier = await channels.open(spec())
    const inner = await channels.open(spec())
    await carrier.send.send([handle(inner.send)], undefined)
    inner.send.close()
    carrier.receive.close()
    await expect(inner.receive.recv(undefined)).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
    await client.barrier()
    expect(rig.hub.leases.size).toBe(0)
  })

  test('are closed when the send is aborted, or the value can not be encoded', async () => {
    await using rig = new Rig()
    const { client, channels } = await rig.client()
    const carrier = await channels.open(spec({ capacity: 1 }))
    const inner = await channels.open(spec())
    await carrier.send.send('fills it', undefined)
    const sending = carrier.send.send([handle(inner.send)], { timeout: 5 })
    await expect(sending).rejects.toMatchObject({ code: 'CHANNEL_TIMEOUT' })
    await expect(carrier.send.send([handle(inner.send), () => 1], undefined)).rejects.toMatchObject({
      code: 'SERIALIZATION',
      path: 'message[1]',
    })
    inner.send.close()
    await expect(inner.receive.recv(undefined)).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' })
    await client.barrier()
    expect(rig.hub.leases.size).toBe(0)
  })
})

/** What an api handle does: an object that encodes itself by its port. */
function handle(port: object): object {
  return new (class Handle {
    [Symbol.for('klaw.handle')](context: never) {
      return (port as { encodeHandle(context: never): unknown }).encodeHandle(context)
    }
  })()
}
