import type { BroadcastSender, OneshotSender, Receiver, Sender, WatchSender } from '@klaw/core'
import { ChannelClosed } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { isPending, untilStats } from './support.ts'

export const passingSuite = suite('passing ends through channels', (engine, it) => {
  it('a sender that goes through another channel is a clone', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [outer, inner] = await engine.channel<Sender<number>>()
    await outer.send(tx)
    await tx.close()
    const passed = await inner.recv()
    await passed.send(1)
    expect(await rx.recv()).toBe(1)
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await passed.close()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
  })

  it('a receiver that goes through another channel is a clone', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [outer, inner] = await engine.channel<Receiver<number>>()
    await outer.send(rx)
    await rx.close()
    const passed = await inner.recv()
    await tx.send(1)
    expect(await passed.recv()).toBe(1)
    await passed.close()
    await tx.closed()
  })

  it('an end that is on its way keeps its channel open', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [outer, inner] = await engine.channel<Sender<number>>()
    await outer.send(tx)
    await tx.close()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    const passed = await inner.recv()
    await passed.send(1)
    expect(await pending).toBe(1)
  })

  it('an end that nobody will receive is let go', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [outer, inner] = await engine.channel<Sender<number>>()
    await outer.sendBatch([tx, tx])
    await untilStats(outer, { length: 2 })
    await tx.close()
    const pending = rx.recv()
    expect(await isPending(pending)).toBe(true)
    await inner.close()
    expect(await rejection(pending)).toBeInstanceOf(ChannelClosed)
  })

  it('an end in a send that failed or was given up is let go', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [outer, inner] = await engine.channel<Sender<number>>({ capacity: 1 })
    await outer.send(tx)
    expect((await outer.trySend(tx)).ok).toBe(false)
    await rejection(outer.send(tx, { timeout: 5 }))
    await rejection(outer.sendBatch([tx], { timeout: 5 }))
    const refused = outer.send(tx)
    await untilStats(outer, { waitingSenders: 1 })
    await inner.close()
    expect(((await rejection(refused)) as ChannelClosed).value).toBe(tx)
    await untilStats(rx, { senders: 1 })
    await tx.close()
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
  })

  it('a closed end is refused', async () => {
    const [tx] = await engine.channel<number>()
    const [outer, inner] = await engine.channel<unknown>({ capacity: 1 })
    await tx.close()
    expect(await rejection(outer.send(tx))).toBeInstanceOf(Error)
    expect(await rejection(outer.sendBatch([1, tx]))).toBeInstanceOf(Error)
    await outer.send(1)
    expect(await inner.recv()).toBe(1)
  })

  it('ends can be inside other values: a request with its reply', async () => {
    interface Request {
      readonly question: string
      readonly reply: OneshotSender<string>
    }
    const [requests, served] = await engine.channel<Request>()
    const server = (async () => {
      for await (const { question, reply } of served) await reply.send(`${question}!`)
    })()
    const [reply, answer] = await engine.oneshot<string>()
    await requests.send({ question: 'really', reply })
    expect(await answer.recv()).toBe('really!')
    await requests.close()
    await server
  })

  it('senders of broadcasts and watches can be passed too', async () => {
    const [allTx, all] = await engine.broadcast<number>()
    const [stateTx, state] = await engine.watch(0)
    const [outer, inner] = await engine.channel<unknown>()
    await outer.sendBatch([allTx, stateTx])
    await allTx.close()
    await stateTx.close()
    const passedAll = (await inner.recv()) as BroadcastSender<number>
    const passedState = (await inner.recv()) as WatchSender<number>
    await passedAll.send(1)
    await passedState.send(2)
    expect(await all.recv()).toBe(1)
    await state.changed()
    expect(state.borrow()).toBe(2)
  })
})
