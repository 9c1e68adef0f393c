import { randomUUID } from 'node:crypto'
import { ChannelClosed, ChannelConfigMismatch, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { untilStats } from './support.ts'

/** Two runtimes whose names are the same ones; on the embedded engine, one runtime twice. */
export interface Neighbours {
  readonly one: Runtime
  readonly other: Runtime
  close(): Promise<void>
}

/** What names and lifetimes do, on every engine that has them. */
export function namesSuite(engine: string, open: () => Promise<Neighbours>): void {
  describe(`names of channels, ${engine}`, () => {
    let one: Runtime
    let other: Runtime
    let close: () => Promise<void>
    beforeAll(async () => {
      const neighbours = await open()
      ;({ one, other } = neighbours)
      close = () => neighbours.close()
    })
    afterAll(() => close())
    const fresh = () => `names-${randomUUID()}`

    test('whoever opens a name first makes it, and all get the same channel', async () => {
      const name = fresh()
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other).channel<number>({ name })),
      )
      expect((await one.listChannels()).filter((each) => each.name === name)).toHaveLength(1)
      await untilStats(ends[0]?.[0] as never, { senders: 20, receivers: 20 })
      await ends[0]?.[0].send(1)
      expect(await ends[19]?.[1].recv()).toBe(1)
      await ends[19]?.[0].send(2)
      expect(await ends[0]?.[1].recv()).toBe(2)
      await one.deleteChannel(name)
    })

    test('a name stands for one kind, capacity and mode: the error says what it has and what was asked for', async () => {
      const name = fresh()
      const [tx, rx] = await one.channel<number>({ name, capacity: 5 })
      const mismatch = async (opening: Promise<unknown>, ...parts: string[]) => {
        const error = (await rejection(opening)) as Error
        expect(error).toBeInstanceOf(ChannelConfigMismatch)
        for (const part of [JSON.stringify(name), '"klaw"', ...parts]) expect(error.message).toContain(part)
      }
      await mismatch(other.channel({ name, capacity: 6 }), 'capacity 5', 'capacity 6')
      await mismatch(other.channel({ name, unbounded: true }), 'capacity 5', 'capacity Infinity')
      await mismatch(other.channel({ name, capacity: 5, ack: 'manual' }), 'ack false', 'ack true')
      await mismatch(other.watch(1, { name }), 'kind mpmc', 'kind watch')
      await mismatch(other.broadcast({ name, capacity: 5 }), 'kind mpmc', 'kind broadcast')
      const watched = fresh()
      await one.watch(1, { name: watched })
      const error = (await rejection(other.channel({ name: watched, capacity: 1 }))) as Error
      expect(error).toBeInstanceOf(ChannelConfigMismatch)
      expect(error.message).toContain('kind watch; kind mpmc was asked for')
      // Whoever was refused holds nothing, and those who were there notice nothing.
      await untilStats(tx, { senders: 1, receivers: 1 })
      await tx.send(1)
      expect(await rx.recv()).toBe(1)
      await Promise.all([one.deleteChannel(name), one.deleteChannel(watched)])
    })

    test('what there is can be looked up and listed', async () => {
      const [name, namespace] = [fresh(), fresh()]
      expect(await one.getChannel(name)).toBeUndefined()
      const [tx] = await one.channel<number>({ name, capacity: 7, ack: 'manual' })
      await one.watch(0, { name, namespace })
      await one.broadcast({ name: `${name}-2`, namespace, capacity: 3 })
      await tx.send(1)
      await untilStats(tx, { length: 1 })
      expect(await other.getChannel(name)).toMatchObject({
        name,
        namespace: 'klaw',
        kind: 'mpmc',
        capacity: 7,
        ack: true,
        stats: { length: 1, sent: 1, received: 0, senders: 1, receivers: 1, highWaterMark: 1 },
      })
      expect(await other.getChannel(name, namespace)).toMatchObject({ kind: 'watch', ack: false })
      const listed = await other.listChannels({ namespace })
      expect(listed.map(({ name, kind }) => [name, kind]).sort()).toEqual([
        [name, 'watch'],
        [`${name}-2`, 'broadcast'],
      ])
      const all = await other.listChannels({ allNamespaces: true })
      expect(all.filter((each) => each.name.startsWith(name))).toHaveLength(3)
      await Promise.all([
        one.deleteChannel(name),
        one.deleteChannel(name, namespace),
        one.deleteChannel(`${name}-2`, namespace),
      ])
      expect(await other.listChannels({ namespace })).toEqual([])
    })

    test('deleting ends a channel for all who hold it, and drops what is in it', async () => {
      const name = fresh()
      const [tx, rx] = await one.channel<number>({ name, capacity: 1 })
      const [, otherRx] = await other.channel<number>({ name, capacity: 1 })
      await tx.send(1)
      const waiting = rejection(tx.send(2))
      await untilStats(tx, { length: 1, waitingSenders: 1 })
      expect(await other.deleteChannel(name)).toBe(true)
      expect(await other.deleteChannel(name)).toBe(false)
      const error = (await waiting) as ChannelClosed
      expect(error).toBeInstanceOf(ChannelClosed)
      expect(error).toMatchObject({ message: expect.stringContaining('deleted'), value: 2 })
      for (const end of [rx, otherRx]) expect(await rejection(end.recv())).toBeInstanceOf(ChannelClosed)
      expect(await rejection(tx.send(3))).toBeInstanceOf(ChannelClosed)
      // The name is free, also for something else.
      const [, state] = await other.watch('new', { name })
      expect(state.borrow()).toBe('new')
      await other.deleteChannel(name)
    })

    test('a named channel outlives its holders, with what is in it', async () => {
      const name = fresh()
      const [tx, rx] = await one.channel<string>({ name })
      await tx.sendBatch(['a', 'b'])
      await tx.close()
      await rx.close()
      await until(async () => (await other.getChannel(name))?.stats.receivers === 0)
      const [again, later] = await other.channel<string>({ name })
      expect(await later.recvBatch({ max: 2, maxWait: 1_000 })).toEqual(['a', 'b'])
      await again.send('c')
      expect(await later.recv()).toBe('c')
      await other.deleteChannel(name)
    })

    test('with a ttl it goes once it was not held for that long', async () => {
      const name = fresh()
      const options = { name, ttl: 100 }
      const [tx, rx] = await one.channel<string>(options)
      await tx.send('dropped')
      // Held, it stays.
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(await other.getChannel(name)).toBeDefined()
      await tx.close()
      await rx.close()
      await until(async () => (await other.getChannel(name)) === undefined)
      const [again, empty] = await other.channel<string>(options)
      expect(await empty.tryRecv()).toMatchObject({ ok: false, error: { code: 'CHANNEL_EMPTY' } })
      await Promise.all([again.close(), empty.close()])
      await until(async () => (await other.getChannel(name)) === undefined)
    })

    test("with lifetime 'session' it goes with its last holder", async () => {
      const name = fresh()
      const [tx, rx] = await one.channel<string>({ name, lifetime: 'session' })
      const [, otherRx] = await other.channel<string>({ name, lifetime: 'session' })
      await tx.send('a')
      await tx.close()
      await rx.close()
      expect(await otherRx.recv()).toBe('a')
      await otherRx.close()
      await other.deleteChannel(name)
      await until(async () => (await one.getChannel(name)) === undefined)
    })

    test('a watch of a name that exists is joined: its value is the first one', async () => {
      const name = fresh()
      const [tx] = await one.watch('first', { name })
      const [, rx] = await other.watch('second', { name })
      expect(rx.borrow()).toBe('first')
      await tx.send('third')
      await rx.changed()
      expect(rx.borrow()).toBe('third')
      await one.deleteChannel(name)
      expect(await rejection(rx.changed())).toBeInstanceOf(ChannelClosed)
    })

    test('a broadcast of a name that exists is joined from now on', async () => {
      const name = fresh()
      const [tx, rx] = await one.broadcast<number>({ name })
      await tx.send(1)
      const [, late] = await other.broadcast<number>({ name })
      await tx.send(2)
      expect([await rx.recv(), await rx.recv()]).toEqual([1, 2])
      expect(await late.recv()).toBe(2)
      await one.deleteChannel(name)
    })

    test('wrong names and lifetimes are refused before anything is asked', async () => {
      const wrong: [object, string][] = [
        [{ name: 5 }, "'name' must be a string, got 5"],
        [{ name: '' }, "'name' must be a string that is not empty"],
        [{ name: 'x', namespace: '' }, "'namespace' must be a string that is not empty"],
        [{ name: 'x', lifetime: 'forever' }, "'lifetime' must be 'detached' or 'session', got 'forever'"],
        [{ lifetime: 'detached' }, "'lifetime' needs a 'name'"],
        [{ ttl: 5 }, "'ttl' needs a 'name'"],
        [{ name: 'x', ttl: -1 }, "'ttl'"],
        [{ nmae: 'x' }, 'nmae'],
      ]
      for (const [options, message] of wrong) {
        const error = (await rejection(one.channel(options as never))) as Error
        expect(error.constructor === TypeError || error.constructor === RangeError, String(error)).toBe(true)
        expect(error.message).toContain(message)
      }
      expect(await rejection(one.getChannel(5 as never))).toBeInstanceOf(TypeError)
      expect(await rejection(one.deleteChannel(''))).toBeInstanceOf(RangeError)
      expect(await rejection(one.listChannels({ namespaces: 'x' } as never))).toBeInstanceOf(TypeError)
    })
  })
}
