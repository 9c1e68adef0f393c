import { getEventListeners } from 'node:events'
import { after, ChannelClosed, ChannelLagged, select, sending } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { isPending, numbers, take, untilStats } from './support.ts'

export const selectingSuite = suite('select', (engine, it) => {
  it('the case that is ready wins', async () => {
    const [, quiet] = await engine.channel<string>()
    const [tx, rx] = await engine.channel<number>()
    await tx.send(1)
    await untilStats(tx, { length: 1 })
    expect(await select({ quiet, rx })).toEqual({ case: 'rx', value: { ok: true, value: 1 } })
  })

  it('cases can be an array, and have numbers then', async () => {
    const [, quiet] = await engine.channel<string>()
    const [tx, rx] = await engine.channel<number>()
    await tx.send(1)
    expect(await select([quiet, rx])).toEqual({ case: 1, value: { ok: true, value: 1 } })
  })

  it('it waits until a case is ready', async () => {
    const [, quiet] = await engine.channel<string>()
    const [tx, rx] = await engine.channel<number>()
    const selected = select({ quiet, rx })
    expect(await isPending(selected)).toBe(true)
    await tx.send(1)
    expect(await selected).toEqual({ case: 'rx', value: { ok: true, value: 1 } })
  })

  it('the losers keep their values', async () => {
    const [oneTx, one] = await engine.channel<number>()
    const [twoTx, two] = await engine.channel<number>()
    await oneTx.send(1)
    await twoTx.send(1)
    for (const count of [2, 1]) {
      await untilStats(oneTx, { length: 1 })
      await untilStats(twoTx, { length: 1 })
      const won = await select({ one, two })
      await (won.case === 'one' ? oneTx : twoTx).send(count)
    }
    await untilStats(oneTx, { length: 1 })
    await untilStats(twoTx, { length: 1 })
  })

  it('no value is ever lost, however often another case wins', async () => {
    const [oneTx, one] = await engine.channel<number>({ capacity: 3 })
    const [twoTx, two] = await engine.channel<number>({ capacity: 3 })
    const producers = Promise.all(
      [oneTx, twoTx].map(async (tx, index) => {
        for (const value of numbers(200, index * 200)) await tx.send(value)
        await tx.close()
      }),
    )
    const received: number[] = []
    for (;;) {
      const won = await select({ one, two, tick: after(1 + (received.length % 3)) })
      if (won.case === 'tick') continue
      if (won.value.ok) received.push(won.value.value)
      else if (one.isClosed && two.isClosed) break
      else await (won.case === 'one' ? rest(two, received) : rest(one, received))
    }
    await producers
    expect(received.filter((value) => value < 200)).toEqual(numbers(200))
    expect(received.filter((value) => value >= 200)).toEqual(numbers(200, 200))

    async function rest(receiver: AsyncIterable<number>, into: number[]): Promise<void> {
      for await (const value of receiver) into.push(value)
    }
  })

  it('no case that is ready again and again is left out', async () => {
    const ends = await Promise.all(numbers(3).map(() => engine.channel<number>({ capacity: 10 })))
    const stop = new AbortController()
    const producers = ends.map(async ([tx]) => {
      for (let value = 0; !stop.signal.aborted; value++) {
        await tx.send(value, { signal: stop.signal }).catch(() => {})
      }
    })
    const receivers = ends.map(([, rx]) => rx)
    const next = [0, 0, 0]
    for (let round = 0; round < 900; round++) {
      const won = await select(receivers)
      expect(won.value).toEqual({ ok: true, value: (next[won.case] as number)++ })
    }
    stop.abort()
    await Promise.all(producers)
    // Each is expected 300 times; how long a run can be depends on how many values are fetched at once.
    expect(Math.min(...next)).toBeGreaterThanOrEqual(60)
  })

  it('biased takes the first that is ready', async () => {
    const [oneTx, one] = await engine.channel<number>()
    const [twoTx, two] = await engine.channel<number>()
    await oneTx.sendBatch(numbers(20))
    await twoTx.sendBatch(numbers(20))
    await untilStats(oneTx, { length: 20 })
    await untilStats(twoTx, { length: 20 })
    for (const value of numbers(20)) {
      expect(await select({ one, two }, { biased: true, default: value % 2 === 0 })).toEqual({
        case: 'one',
        value: { ok: true, value },
      })
    }
    expect(await select({ one, two }, { biased: true })).toMatchObject({ case: 'two' })
    await oneTx.send(20)
    await untilStats(oneTx, { length: 1 })
    expect(await select({ one, two }, { biased: true })).toMatchObject({ case: 'one' })
  })

  it('default is taken only when nothing is ready', async () => {
    const [tx, rx] = await engine.channel<number>()
    expect(await select({ rx }, { default: true })).toEqual({ case: 'default', value: undefined })
    expect(await select({}, { default: true })).toEqual({ case: 'default', value: undefined })
    await tx.send(1)
    await untilStats(tx, { length: 1 })
    expect(await select({ rx }, { default: true })).toEqual({ case: 'rx', value: { ok: true, value: 1 } })
    expect(await select({ rx }, { default: true })).toMatchObject({ case: 'default' })
  })

  it('a closed and drained receiver is ready, with a failed result', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [, quiet] = await engine.channel<number>()
    await tx.send(1)
    await tx.close()
    expect(await select({ rx, quiet })).toMatchObject({ case: 'rx', value: { ok: true, value: 1 } })
    const won = await select({ rx, quiet })
    if (won.value.ok) throw new Error('it was not closed')
    expect([won.case, won.value.error]).toEqual(['rx', expect.any(ChannelClosed)])
    expect(await select({ rx, quiet }, { default: true })).toMatchObject({ case: 'rx' })
  })

  it('a channel that closes while it is waited for wins with a failed result', async () => {
    const [tx, rx] = await engine.channel<number>()
    const selected = select({ rx })
    expect(await isPending(selected)).toBe(true)
    await tx.close()
    expect(await selected).toMatchObject({ case: 'rx', value: { ok: false, error: { code: 'CHANNEL_CLOSED' } } })
  })

  it('a send is a case: it happens if it wins', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    expect(await select({ send: sending(tx, 1) })).toEqual({ case: 'send', value: { ok: true, value: undefined } })
    const selected = select({ send: sending(tx, 2) })
    expect(await isPending(selected)).toBe(true)
    expect(await rx.recv()).toBe(1)
    await selected
    expect(await rx.recv()).toBe(2)
  })

  it('a send that loses is never delivered', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const [otherTx, other] = await engine.channel<number>()
    await tx.send(1)
    const selected = select({ send: sending(tx, 2), other })
    await untilStats(tx, { waitingSenders: 1 })
    await otherTx.send(3)
    expect(await selected).toMatchObject({ case: 'other' })
    expect(await select({ send: sending(tx, 4) }, { default: true })).toMatchObject({ case: 'default' })
    expect(await rx.recv()).toBe(1)
    await tx.send(5)
    expect(await rx.recv()).toBe(5)
  })

  it('a send on a channel that nobody receives from is ready, with a failed result that gives the value back', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(0)
    const waiting = select({ send: sending(tx, 1) })
    await untilStats(tx, { waitingSenders: 1 })
    await rx.close()
    expect(await waiting).toMatchObject({ value: { ok: false, error: { code: 'CHANNEL_CLOSED', value: 1 } } })
    await tx.closed()
    expect(await select({ send: sending(tx, 2) })).toMatchObject({ value: { ok: false, error: { value: 2 } } })
  })

  it('a send that waits when its sender closes keeps its place', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(0)
    const selected = select([sending(tx, 1), sending(tx, 2)])
    await untilStats(tx, { waitingSenders: 2 })
    await tx.close()
    expect(await rx.recv()).toBe(0)
    const won = await selected
    expect(won.value.ok).toBe(true)
    expect(await rx.recv()).toBe(won.case + 1)
    expect(await rejection(rx.recv())).toBeInstanceOf(ChannelClosed)
  })

  it('sends and receives of one channel can stand in one select', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    const first = await select({ send: sending(tx, 1), rx })
    expect(first.case).toBe('send')
    await untilStats(tx, { length: 1 })
    const second = await select({ send: sending(tx, 2), rx })
    expect(second).toEqual({ case: 'rx', value: { ok: true, value: 1 } })
  })

  it('a timer is a case', async () => {
    const [, quiet] = await engine.channel<number>()
    expect(await select({ quiet, late: after(10) })).toEqual({ case: 'late', value: { ok: true, value: undefined } })
    expect(await select({ quiet, now: after(0) }, { default: true })).toMatchObject({ case: 'now' })
    const deadline = after(20)
    while ((await select({ quiet, deadline, tick: after(3) })).case === 'tick');
    expect(await select({ deadline }, { default: true })).toMatchObject({ case: 'deadline' })
  })

  it('a signal is a case', async () => {
    const [, quiet] = await engine.channel<number>()
    const controller = new AbortController()
    const selected = select({ quiet, stop: controller.signal })
    controller.abort('enough')
    expect(await selected).toEqual({ case: 'stop', value: { ok: true, value: 'enough' } })
    expect(await select({ quiet, stop: controller.signal })).toMatchObject({ case: 'stop' })
  })

  it('a signal in the options gives up the whole select', async () => {
    const [tx, rx] = await engine.channel<number>()
    const controller = new AbortController()
    const selected = select({ rx }, { signal: controller.signal })
    controller.abort('no')
    expect(await rejection(selected)).toBe('no')
    await tx.send(1)
    await untilStats(tx, { length: 1 })
    expect(await rejection(select({ rx }, { signal: controller.signal }))).toBe('no')
    expect(await rx.recv()).toBe(1)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('all kinds of receivers are cases', async () => {
    const [oneTx, one] = await engine.oneshot<string>()
    const [allTx, all] = await engine.broadcast<string>()
    const [stateTx, state] = await engine.watch('before')
    const [jobTx, jobs] = await engine.acknowledged<string>()
    const cases = { one, all, state, jobs }
    const next = () => select(cases)

    let selected = next()
    expect(await isPending(selected)).toBe(true)
    await stateTx.send('after')
    expect(await selected).toEqual({ case: 'state', value: { ok: true, value: 'after' } })
    selected = next()
    await allTx.send('a')
    expect(await selected).toEqual({ case: 'all', value: { ok: true, value: 'a' } })
    selected = next()
    await jobTx.send('job')
    const won = await selected
    if (won.case !== 'jobs' || !won.value.ok) throw new Error('the job did not win')
    expect(won.value.value).toMatchObject({ value: 'job', deliveryCount: 1 })
    won.value.value.ack()
    selected = next()
    await oneTx.send('reply')
    expect(await selected).toEqual({ case: 'one', value: { ok: true, value: 'reply' } })
    const [fastTx, slow] = await engine.broadcast<number>({ capacity: 2 })
    for (const value of numbers(5)) await fastTx.send(value)
    const lagged = await select({ slow })
    if (lagged.value.ok) throw new Error('nothing was missed')
    expect(lagged.value.error).toBeInstanceOf(ChannelLagged)
  })

  it('the same receiver can stand in two cases', async () => {
    const [tx, rx] = await engine.channel<number>()
    const selected = select([rx, rx, rx.clone()])
    await tx.sendBatch([1, 2])
    expect(await selected).toMatchObject({ value: { ok: true, value: 1 } })
    expect(await rx.recv()).toBe(2)
  })

  it('two selects on the same channels share the values', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [otherTx, other] = await engine.channel<number>()
    const selects = [select({ rx, other }), select({ other, rx })]
    expect(await isPending(Promise.race(selects))).toBe(true)
    await tx.send(1)
    await otherTx.send(2)
    const values = await Promise.all(selects)
    expect(values.map(({ value }) => (value.ok ? value.value : 0)).sort()).toEqual([1, 2])
  })

  it('closing a receiver ends its case', async () => {
    const [, rx] = await engine.channel<number>()
    const selected = select({ rx })
    await rx.close()
    expect(await selected).toMatchObject({ value: { ok: false, error: { message: 'this receiver is closed' } } })
  })

  it('a losing case leaves nothing in line', async () => {
    const [tx, rx] = await engine.channel<number>()
    const [fullTx] = await engine.channel<number>({ capacity: 1 })
    await fullTx.send(0)
    for (let round = 0; round < 20; round++) await select({ rx, full: sending(fullTx, 1), tick: after(1) })
    await untilStats(tx, { waitingReceivers: 0 })
    await untilStats(fullTx, { waitingSenders: 0, length: 1 })
    const other = rx.clone().recv()
    await tx.send(1)
    expect(await other).toBe(1)
    expect(await take(rx.clone(), 0)).toEqual([])
  })

  it('wrong arguments are refused', async () => {
    const [tx, rx] = await engine.channel<number>()
    const refused: [() => unknown, string][] = [
      [() => select({}), 'would wait for ever'],
      [() => select([]), 'would wait for ever'],
      [() => select(5 as never), "'cases' must be"],
      [() => select({ rx, tx } as never), "case 'tx' must be a receiver"],
      [() => select({ rx: undefined } as never), "case 'rx' must be a receiver"],
      [() => select({ default: rx }, { default: true }), "'default'"],
      [() => select({ rx }, { fair: true } as never), "unknown key 'fair'"],
      [() => select({ rx }, { biased: 1 } as never), "'biased' must be true or false"],
      [() => select({ rx }, { signal: 5 } as never), "'signal' must be an AbortSignal"],
      [() => sending(rx as never, 1), "'sender' must be"],
      [() => after('5' as never), "'milliseconds' must be"],
    ]
    for (const [run, part] of refused) {
      const error = await rejection((async () => run())())
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain(part)
    }
    expect(() => after(-1)).toThrow(RangeError)
  })
})
