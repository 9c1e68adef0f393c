import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { suite } from './suite.ts'
import { take } from './support.ts'

/** An expected error: its class, and what its message must say. */
type Expected = [new (message: string) => Error, ...string[]]

export const argumentsSuite = suite('wrong arguments', (engine, it) => {
  async function refuses(pending: () => unknown, [type, ...parts]: Expected): Promise<void> {
    const error = await rejection((async () => pending())())
    expect(error).toBeInstanceOf(type)
    for (const part of parts) expect((error as Error).message).toContain(part)
  }

  it('a capacity that is no positive integer is refused', async () => {
    await refuses(() => engine.channelWith({ capacity: 0 }), [RangeError, "'capacity'", 'got 0', 'unbounded: true'])
    for (const capacity of [-1, Number.NaN, 1.5, Number.POSITIVE_INFINITY, -0, 2 ** 60]) {
      await refuses(
        () => engine.channelWith({ capacity }),
        [RangeError, "'capacity'", 'a positive integer', `got ${Object.is(capacity, -0) ? '-0' : capacity}`],
      )
    }
    for (const [capacity, shown] of [
      ['10', "'10'"],
      [null, 'null'],
      [10n, '10'],
      [{}, 'an object'],
    ]) {
      await refuses(
        () => engine.channelWith({ capacity }),
        [TypeError, "'capacity'", 'a positive integer', `got ${shown}`],
      )
    }
  })

  it('options that contradict each other are refused', async () => {
    await refuses(
      () => engine.channelWith({ capacity: 5, unbounded: true }),
      [TypeError, "'capacity'", "'unbounded: true'"],
    )
    await refuses(() => engine.channelWith({ ackTimeout: 5 }), [TypeError, "'ackTimeout'", "ack: 'manual'"])
  })

  it('unknown options and wrong values are refused', async () => {
    await refuses(() => engine.channelWith({ size: 5 }), [TypeError, "unknown key 'size'", 'capacity'])
    await refuses(() => engine.channelWith({ unbounded: 1 }), [TypeError, "'unbounded'", 'true or false', 'got 1'])
    await refuses(() => engine.channelWith({ ack: 'auto' }), [TypeError, "'ack'", "'manual'", "got 'auto'"])
    for (const ackTimeout of [0, -1, Number.NaN]) {
      await refuses(
        () => engine.channelWith({ ack: 'manual', ackTimeout }),
        [RangeError, "'ackTimeout'", `got ${ackTimeout}`],
      )
    }
    await refuses(() => engine.channelWith({ schema: {} }), [TypeError, "'schema'", 'Standard Schema'])
    await refuses(() => engine.channelWith(null as never), [TypeError, 'must be an object', 'got null'])
  })

  it('a wrong timeout is refused before anything happens', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.send(1)
    for (const timeout of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const expected: Expected = [RangeError, "'timeout'", 'non-negative number of milliseconds', `got ${timeout}`]
      await refuses(() => tx.send(2, { timeout }), expected)
      await refuses(() => tx.sendBatch([2], { timeout }), expected)
      await refuses(() => tx.reserve({ timeout }), expected)
      await refuses(() => tx.closed({ timeout }), expected)
      await refuses(() => rx.recv({ timeout }), expected)
      await refuses(() => rx.recvBatch({ timeout }), expected)
    }
    for (const timeout of ['5', null, 5n]) {
      await refuses(() => tx.send(2, { timeout } as never), [TypeError, "'timeout'", 'number of milliseconds'])
      await refuses(() => rx.recv({ timeout } as never), [TypeError, "'timeout'", 'number of milliseconds'])
    }
    await tx.send(3)
    expect(await take(rx, 2)).toEqual([1, 3])
    expect((await tx.stats()).sent).toBe(2)
  })

  it('a timeout that is longer than the timers of the platform is fine', async () => {
    const [tx, rx] = await engine.channel<number>()
    const pending = rx.recv({ timeout: 2 ** 40 })
    const forever = rx.recv({ timeout: Number.POSITIVE_INFINITY })
    await tx.sendBatch([1, 2])
    expect(await Promise.all([pending, forever])).toEqual([1, 2])
  })

  it('a wrong signal and unknown options of an operation are refused', async () => {
    const [tx, rx] = await engine.channel<number>()
    await refuses(() => tx.send(1, { signal: {} } as never), [TypeError, "'signal'", 'AbortSignal'])
    await refuses(() => rx.recv({ signal: 'stop' } as never), [TypeError, "'signal'", 'AbortSignal', "got 'stop'"])
    await refuses(() => rx.recv({ timeOut: 5 } as never), [TypeError, "unknown key 'timeOut'", 'timeout'])
    await refuses(() => rx.recv(500 as never), [TypeError, 'must be an object', 'got 500'])
    expect((await tx.stats()).sent).toBe(0)
  })

  it('wrong sizes and values of batches are refused', async () => {
    const [tx, rx] = await engine.channel<number>()
    await tx.send(1)
    for (const max of [0, -1, 1.5, Number.NaN]) {
      await refuses(() => rx.recvBatch({ max }), [RangeError, "'max'", 'a positive integer', `got ${max}`])
    }
    await refuses(() => rx.recvBatch({ max: '3' } as never), [TypeError, "'max'", "got '3'"])
    await refuses(() => rx.recvBatch({ maxWait: -1 }), [RangeError, "'maxWait'", 'got -1'])
    for (const values of [5, undefined, {}]) {
      await refuses(() => tx.sendBatch(values as never), [TypeError, "'values'", 'an iterable'])
      await refuses(() => tx.trySendBatch(values as never), [TypeError, "'values'", 'an iterable'])
    }
    expect(await rx.recv()).toBe(1)
  })
})
