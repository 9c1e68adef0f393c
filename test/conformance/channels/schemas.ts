import { ChannelSchemaError, ChannelTimeout, type Receiver, type Sender } from '@klaw/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as v from 'valibot'
import { expect } from 'vitest'
import { z } from 'zod'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { take } from './support.ts'

const user = z.object({ user: z.object({ name: z.string(), tags: z.array(z.string()) }) })
const valid = { user: { name: 'Ada', tags: ['a', 'b'] } }
const invalid = { user: { name: 'Ada', tags: ['a', 5] } }

export const schemasSuite = suite('schemas', (engine, it) => {
  const open = (schema: StandardSchemaV1<unknown>, options: object = {}) =>
    engine.channelWith({ schema, ...options }) as Promise<[Sender<unknown>, Receiver<unknown>]>

  it('a value that fits is delivered', async () => {
    const [tx, rx] = await open(user)
    await tx.send(valid)
    expect(await rx.recv()).toEqual(valid)
  })

  it('a value that does not fit is refused at send, with the path and the message', async () => {
    const [tx, rx] = await open(user)
    const error = await rejection(tx.send(invalid))
    expect(error).toBeInstanceOf(ChannelSchemaError)
    expect(error).toMatchObject({ code: 'CHANNEL_SCHEMA', issues: [{ path: 'user.tags[1]' }] })
    expect((error as Error).message).toMatch(/user\.tags\[1\]: .*string/)
    await tx.send(valid)
    expect(await rx.recv()).toEqual(valid)
    expect((await tx.stats()).sent).toBe(1)
  })

  it('the whole value can be what does not fit', async () => {
    const [tx] = await open(v.number())
    const error = await rejection(tx.send('five'))
    expect(error).toBeInstanceOf(ChannelSchemaError)
    expect(error).toMatchObject({ issues: [{ path: '' }] })
  })

  it('what the schema makes of a value is received', async () => {
    const [tx, rx] = await open(z.string().transform((text) => text.length))
    await tx.sendBatch(['a', 'bb'])
    expect((await tx.trySend('ccc')).ok).toBe(true)
    expect(await take(rx, 3)).toEqual([1, 2, 3])
  })

  it('every way to send is checked', async () => {
    const [tx, rx] = await open(z.number())
    const permit = await tx.reserve()
    for (const pending of [
      () => tx.trySend('no'),
      () => tx.sendBatch([1, 'no']),
      () => tx.trySendBatch([1, 'no']),
      () => tx.clone().send('no'),
      () => permit.send('no'),
    ]) {
      expect(await rejection((async () => pending())())).toBeInstanceOf(ChannelSchemaError)
    }
    await permit.send(1)
    expect(await rx.recv()).toBe(1)
    expect((await tx.stats()).sent).toBe(1)
  })

  it('a schema that takes its time keeps the order', async () => {
    const slowAtFirst = z.number().refine(async (value) => {
      await new Promise((resolve) => setTimeout(resolve, value === 0 ? 20 : 0))
      return value >= 0
    })
    const [tx, rx] = await open(slowAtFirst, { capacity: 2 })
    const sends = [tx.send(0), rejection(tx.send(-1)), tx.sendBatch([1, 2]), tx.send(3)]
    expect(await take(rx, 4)).toEqual([0, 1, 2, 3])
    const [, refused] = await Promise.all(sends)
    expect(refused).toBeInstanceOf(ChannelSchemaError)
  })

  it('a schema that takes its time can be waited for no longer than one likes', async () => {
    const never = z.number().refine((value) => (value === 0 ? new Promise<boolean>(() => {}) : Promise.resolve(true)))
    const [tx, rx] = await open(never)
    const controller = new AbortController()
    const aborted = tx.send(0, { signal: controller.signal })
    const late = tx.send(0, { timeout: 10 })
    expect(await rejection(late)).toBeInstanceOf(ChannelTimeout)
    controller.abort('no')
    expect(await rejection(aborted)).toBe('no')
    await tx.send(1)
    expect(await rx.recv()).toBe(1)
  })

  it('what tries has no time for an asynchronous schema', async () => {
    const [tx] = await open(z.number().refine(async () => true))
    const error = await rejection((async () => tx.trySend(1))())
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain('asynchronous')
  })

  it('it goes with acknowledged mode', async () => {
    const [tx, rx] = await open(z.number(), { ack: 'manual' })
    expect(await rejection(tx.send('no'))).toBeInstanceOf(ChannelSchemaError)
    await tx.send(1)
    expect(await rx.recv()).toMatchObject({ value: 1, deliveryCount: 1 })
  })
})
