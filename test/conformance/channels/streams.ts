import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadable, WritableStream as NodeWritable } from 'node:stream/web'
import { ChannelClosed } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { drain, isPending, numbers, untilStats } from './support.ts'

export const streamsSuite = suite('streams', (engine, it) => {
  it('a readable stream yields everything and ends with the channel', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const sent = tx.sendBatch(numbers(10)).then(() => tx.close())
    expect(await drain(rx.readable() as AsyncIterable<number>)).toEqual(numbers(10))
    await sent
  })

  it('a readable stream takes nothing that was not asked for', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.sendBatch([1, 2])
    const reader = rx.readable().getReader()
    await untilStats(tx, { length: 2, received: 0 })
    expect(await reader.read()).toEqual({ done: false, value: 1 })
    await untilStats(tx, { length: 1, received: 1 })
  })

  it('cancelling a readable stream closes its receiver and loses nothing', async () => {
    const [tx, rx] = await engine.channel<number>()
    const other = rx.clone()
    const reader = rx.readable().getReader()
    const pending = reader.read()
    expect(await isPending(pending)).toBe(true)
    await reader.cancel()
    expect(await pending).toEqual({ done: true, value: undefined })
    expect(rx.isClosed).toBe(true)
    await tx.send(1)
    expect(await other.recv()).toBe(1)
  })

  it('a writable stream sends everything, and closing it closes its sender', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const writer = tx.writable().getWriter()
    const received = drain(rx)
    for (const value of numbers(10)) await writer.write(value)
    await writer.close()
    expect(await received).toEqual(numbers(10))
    expect(tx.isClosed).toBe(true)
  })

  it('a writable stream holds back while the channel is full', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const writer = tx.writable().getWriter()
    await writer.write(1)
    const second = writer.write(2)
    expect(await isPending(second)).toBe(true)
    expect(writer.desiredSize).toBe(0)
    expect(await rx.recv()).toBe(1)
    await second
    expect(await rx.recv()).toBe(2)
    await writer.close()
  })

  it('aborting a writable stream gives up the write that waits', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const writer = tx.writable().getWriter()
    await writer.write(1)
    const second = rejection(writer.write(2))
    await untilStats(tx, { waitingSenders: 1 })
    await writer.abort('no')
    expect(await second).toBe('no')
    expect(await drain(rx)).toEqual([1])
  })

  it('a writable stream fails when nobody receives any more', async () => {
    const [tx, rx] = await engine.channel<number>()
    const writer = tx.writable().getWriter()
    await writer.write(1)
    await rx.close()
    expect(await rejection(writer.closed)).toBeInstanceOf(ChannelClosed)
    expect(await rejection(writer.write(2))).toBeInstanceOf(ChannelClosed)
  })

  it('streams can be piped, with backpressure both ways', async () => {
    const [tx, middle] = await engine.channel<number>({ capacity: 2 })
    const [middleTx, rx] = await engine.channel<number>({ capacity: 2 })
    const piped = middle.readable().pipeTo(middleTx.writable())
    const values = numbers(20)
    const producer = (async () => {
      for (const value of values) await tx.send(value)
      await tx.close()
    })()
    await untilStats(rx, { length: 2, waitingSenders: 1 })
    await untilStats(tx, { length: 2, waitingSenders: 1 })
    expect(await drain(rx)).toEqual(values)
    await Promise.all([piped, producer])
  })

  it('Node streams go in and out', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const out: number[] = []
    await Promise.all([
      pipeline(Readable.from(numbers(50)), Writable.fromWeb(tx.writable() as NodeWritable, { objectMode: true })),
      pipeline(
        Readable.fromWeb(rx.readable() as NodeReadable, { objectMode: true }),
        new Transform({ objectMode: true, transform: (value, _encoding, done) => done(null, value * 2) }),
        async (source) => {
          for await (const value of source) out.push(value)
        },
      ),
    ])
    expect(out).toEqual(numbers(50).map((value) => value * 2))
  })
})
