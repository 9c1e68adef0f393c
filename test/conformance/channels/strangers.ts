import { randomUUID } from 'node:crypto'
import { ChannelSchemaError, type Delivery, type Receiver, type Runtime, type Sender, select } from '@klaw/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import type { Neighbours } from './names.ts'
import { untilStats } from './support.ts'

const user = z.object({ name: z.string(), tags: z.array(z.string()) })
const good = { name: 'Ada', tags: ['a'] }
const bad = { name: 'Ada', tags: ['a', 5] }

/** What a schema does where others send to the same channel under another one, or none. */
export function strangersSuite(engine: string, open: () => Promise<Neighbours>): void {
  describe(`schemas and strangers, ${engine}`, () => {
    let one: Runtime
    let other: Runtime
    let close: () => Promise<void>
    beforeAll(async () => {
      const neighbours = await open()
      ;({ one, other } = neighbours)
      close = () => neighbours.close()
    })
    afterAll(() => close())

    /** The sender of somebody who has no schema, and the receiver of somebody who has one. */
    async function strangers<Schema extends z.ZodType>(schema: Schema, options: object = {}) {
      const name = `strangers-${randomUUID()}`
      const [own, rx] = (await one.channel({ ...options, name, schema })) as [
        Sender<unknown>,
        Receiver<z.output<Schema>>,
      ]
      const [tx, plain] = (await other.channel({ ...options, name })) as [Sender<unknown>, Receiver<unknown>]
      await plain.close()
      return { name, own, rx, tx, [Symbol.asyncDispose]: () => one.deleteChannel(name).then(() => undefined) }
    }

    test('what the schema refuses fails its recv, says where and why, and is gone; what comes after it is received', async () => {
      await using channel = await strangers(user)
      const { name, own, rx, tx } = channel
      await tx.send(bad)
      await tx.send(good)
      const error = (await rejection(rx.recv())) as ChannelSchemaError
      expect(error).toBeInstanceOf(ChannelSchemaError)
      expect(error).toMatchObject({ code: 'CHANNEL_SCHEMA', at: 'recv', issues: [{ path: 'tags[1]' }], value: bad })
      expect(error.message).toContain(
        `the schema of the channel "${name}" refuses a value that it received from a sender`,
      )
      expect(error.message).toMatch(/another schema, or none: tags\[1\]: .*string/)
      expect(await rx.recv()).toEqual(good)
      await untilStats(own, { length: 0, received: 2 })
      expect(await rejection(own.send(bad as never))).toMatchObject({ at: 'send', value: undefined })
    })

    test('two processes with different schemas', async () => {
      await using channel = await strangers(user)
      const { name, rx } = channel
      const [theirs] = await other.channel({ name, schema: z.object({ id: z.number() }) })
      await theirs.send({ id: 5 })
      const error = (await rejection(rx.recv())) as ChannelSchemaError
      expect(error.issues.map(({ path }) => path)).toEqual(['name', 'tags'])
      await theirs.close()
    })

    test('every way to receive checks', async () => {
      await using channel = await strangers(user)
      const { rx, tx } = channel
      await tx.sendBatch([bad, bad, bad])
      expect(await rx.tryRecv()).toMatchObject({ ok: false, error: { code: 'CHANNEL_SCHEMA' } })
      expect(await select({ rx })).toMatchObject({
        case: 'rx',
        value: { ok: false, error: { code: 'CHANNEL_SCHEMA' } },
      })
      const reading = async () => {
        for await (const _ of rx) break
      }
      expect(await rejection(reading())).toBeInstanceOf(ChannelSchemaError)
      await tx.send(good)
      for await (const value of rx) {
        expect(value).toEqual(good)
        break
      }
      await tx.sendBatch([good, bad])
      const reader = rx.readable().getReader()
      expect(await reader.read()).toEqual({ done: false, value: good })
      expect(await rejection(reader.read())).toBeInstanceOf(ChannelSchemaError)
    })

    test('a batch gives what is good, and the next receives report the rest', async () => {
      await using channel = await strangers(z.number())
      const { rx, tx } = channel
      await tx.sendBatch([1, 'a', 2, 'b'])
      await untilStats(tx, { length: 4 })
      expect(await rx.recvBatch({ max: 4, maxWait: 1_000 })).toEqual([1, 2])
      expect(await rejection(rx.recv())).toMatchObject({ value: 'a' })
      expect(await rejection(rx.recvBatch())).toMatchObject({ value: 'b' })
      await tx.send(3)
      expect(await rx.recvBatch()).toEqual([3])
    })

    test('what the schema makes of a value is received, whoever has sent it', async () => {
      await using channel = await strangers(z.string().transform((text) => text.length))
      const { own, rx, tx } = channel
      await own.send('one' as never)
      await tx.send('three')
      expect([await rx.recv(), await rx.recv()]).toEqual([3, 5])
    })

    test('an acknowledged item that was refused is not delivered again', async () => {
      const trimmed = z.string().transform((text) => text.trim())
      await using channel = await strangers(trimmed, { ack: 'manual' })
      const { own, tx } = channel
      const rx = channel.rx as unknown as Receiver<Delivery<string>>
      await tx.sendBatch([5, ' text '])
      expect(await rejection(rx.recv())).toMatchObject({ at: 'recv', value: 5 })
      const first = await rx.recv()
      expect([first.value, first.deliveryCount]).toEqual(['text', 1])
      first.nack()
      const second = await rx.recv()
      expect([second.value, second.deliveryCount]).toEqual(['text', 2])
      second.ack()
      await untilStats(own, { length: 0, unacknowledged: 0, redelivered: 1 })
    })

    test('a schema that takes its time is waited for, in every way to receive', async () => {
      const slow = z.number().refine(async (value) => (await Promise.resolve(value)) > 0)
      await using channel = await strangers(slow)
      const { rx, tx } = channel
      await tx.sendBatch([1, -1, 2, 3, 4])
      expect(await rx.recv()).toBe(1)
      expect(await rejection(rx.recv())).toBeInstanceOf(ChannelSchemaError)
      expect(await rx.tryRecv()).toEqual({ ok: true, value: 2 })
      expect(await select([rx])).toEqual({ case: 0, value: { ok: true, value: 3 } })
      for await (const value of rx) {
        expect(value).toBe(4)
        break
      }
      await tx.sendBatch([5, -1])
      expect(await rx.recvBatch({ max: 2, maxWait: 1_000 })).toEqual([5])
      expect(await rejection(rx.recv())).toMatchObject({ value: -1 })
      await tx.sendBatch([6, -1])
      const reader = rx.readable().getReader()
      expect(await reader.read()).toEqual({ done: false, value: 6 })
      expect(await rejection(reader.read())).toBeInstanceOf(ChannelSchemaError)
    })

    test('a pool is told of what can not be used, and says that it can not wait for a schema', async () => {
      await using channel = await strangers(z.number(), { ack: 'manual' })
      const refused: unknown[] = []
      const got: number[] = []
      const numbers = one.pool(channel.rx as unknown as Receiver<Delivery<number>>, (value) => void got.push(value), {
        size: 1,
        onUnreadable: (error) => refused.push((error as ChannelSchemaError).value),
      })
      await channel.tx.sendBatch([1, 'two', 3])
      await until(() => got.length === 2 && refused.length === 1)
      expect([got, refused]).toEqual([[1, 3], ['two']])
      await numbers.close()
      const slow = z.number().refine(async () => true)
      await using other = await strangers(slow, { ack: 'manual' })
      const waiting = one.pool(other.rx as unknown as Receiver<Delivery<number>>, () => undefined, { size: 1 })
      const failure = rejection(waiting.done)
      await other.tx.send(1)
      expect(await failure).toMatchObject({ name: 'TypeError', message: expect.stringContaining('asynchronous') })
      expect(await other.rx.recv()).toMatchObject({ value: 1, deliveryCount: 2 })
    })

    test('closing and waiting are as without a schema', async () => {
      await using channel = await strangers(z.number())
      const { own, rx, tx } = channel
      expect(await rejection(rx.recv({ timeout: 5 }))).toMatchObject({ code: 'CHANNEL_TIMEOUT' })
      const waiting = rx.recv()
      await tx.send(1)
      expect(await waiting).toBe(1)
      expect(rx.isClosed).toBe(false)
      await Promise.all([own.close(), tx.close()])
      expect(await rejection(rx.recv())).toMatchObject({ code: 'CHANNEL_CLOSED' })
      const clone = await rejection((async () => rx.clone().recv())())
      expect(clone).toMatchObject({ code: 'CHANNEL_CLOSED' })
    })
  })
}
