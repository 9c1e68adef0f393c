import { getEventListeners } from 'node:events'
import { ChannelTimeout } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { numbers, take, untilStats } from './support.ts'

export const cancellingSuite = suite('cancelling', (engine, it) => {
  it('an aborted recv rejects with the reason of the signal and takes nothing', async () => {
    const [tx, rx] = await engine.channel<number>()
    const controller = new AbortController()
    const pending = rx.recv({ signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await rejection(pending)).toBe(reason)
    await tx.send(1)
    expect(await rx.recv()).toBe(1)
  })

  it('an aborted send rejects with the reason of the signal and never delivers', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(1)
    const controller = new AbortController()
    const pending = tx.send(2, { signal: controller.signal })
    controller.abort('enough')
    expect(await rejection(pending)).toBe('enough')
    const next = tx.send(3)
    expect(await take(rx, 2)).toEqual([1, 3])
    await next
  })

  it('a signal that has aborted already does nothing at all', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.send(1)
    const signal = AbortSignal.abort('already')
    expect(await rejection(tx.send(2, { signal }))).toBe('already')
    expect(await rejection(tx.reserve({ signal }))).toBe('already')
    expect(await rejection(rx.recv({ signal }))).toBe('already')
    await tx.send(3)
    expect(await take(rx, 2)).toEqual([1, 3])
    expect(await tx.stats()).toMatchObject({ sent: 2 })
  })

  it('many receives that are aborted or timed out between sends lose nothing', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 4 })
    const producer = (async () => {
      for (const value of numbers(300)) await tx.send(value)
      await tx.close()
    })()
    const received: number[] = []
    for (let round = 0; received.length < 300; round++) {
      const controller = new AbortController()
      const pending = rx.recv(
        round % 3 === 0 ? { signal: controller.signal, timeout: round % 2 } : { signal: controller.signal },
      )
      if (round % 5 === 0) controller.abort('no')
      await pending.then(
        (value) => received.push(value),
        (error) => {
          if (error !== 'no' && !(error instanceof ChannelTimeout)) throw error
        },
      )
    }
    expect(received).toEqual(numbers(300))
    await producer
  })

  it('many sends that are aborted or timed out deliver exactly those that succeeded', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 2 })
    const received = (async () => {
      const values: number[] = []
      for await (const value of rx) values.push(value)
      return values
    })()
    const accepted: number[] = []
    for (const value of numbers(200)) {
      const controller = new AbortController()
      const pending = tx.send(value, { signal: controller.signal, ...(value % 4 === 0 ? { timeout: 0 } : {}) })
      if (value % 7 === 0) controller.abort('no')
      await pending.then(
        () => accepted.push(value),
        (error) => {
          if (error !== 'no' && !(error instanceof ChannelTimeout)) throw error
        },
      )
    }
    await tx.close()
    expect(await received).toEqual(accepted)
  })

  it('an aborted send lets those behind it pass', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 3 })
    await tx.sendBatch([1, 2, 3])
    const controller = new AbortController()
    const large = tx.sendBatch([4, 5, 6], { signal: controller.signal })
    await untilStats(tx, { waitingSenders: 1 })
    const small = tx.clone().send(7)
    expect(await rx.recv()).toBe(1)
    controller.abort('no')
    expect(await rejection(large)).toBe('no')
    await small
    expect(await take(rx, 3)).toEqual([2, 3, 7])
  })

  it('listeners are gone once an operation has settled', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const { signal } = new AbortController()
    const received = rx.recv({ signal, timeout: 30_000 })
    await tx.send(1, { signal })
    await received
    await tx.send(2)
    const sent = tx.send(3, { signal, timeout: 30_000 })
    await rx.recv()
    await sent
    await rejection(tx.send(4, { signal, timeout: 5 }))
    await rejection(tx.reserve({ signal, timeout: 5 }))
    await rx.recv()
    await rejection(rx.recv({ signal, timeout: 5 }))
    const closed = rx.recv({ signal })
    await tx.close()
    await rejection(closed)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('an operation that is refused while nobody awaits it is no unhandled rejection', async () => {
    // An unhandled rejection would fail this file.
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    void rx.recv({ timeout: 1 })
    void rx.recv()
    await tx.close()
    const [full, other] = await engine.channel<number>({ capacity: 1 })
    await full.send(1)
    void full.send(2)
    void full.reserve()
    await untilStats(full, { waitingSenders: 2 })
    await other.close()
    await full.closed()
  })
})
