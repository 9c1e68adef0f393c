import type { ObjectRef, Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('wait', (engine, it) => {
  const { Holder } = engine.fixtures
  let klaw: Runtime
  let other: ReturnType<typeof startHolder>
  const startHolder = () => klaw.actor(Holder, { numCpus: 0 }).remote()
  beforeAll(async () => {
    klaw = await engine.connect()
    other = startHolder()
  })
  afterAll(() => klaw.shutdown())

  it('gives what is ready and what is not, both in the order of the refs', async () => {
    const pending = [other.gate.remote(), other.gate.remote()]
    const ready = [klaw.put(0), klaw.put(1)]
    const refs = [pending[0], ready[0], pending[1], ready[1]] as ObjectRef<unknown>[]
    expect(await klaw.wait(refs, { numReturns: 2 })).toEqual([
      [refs[1], refs[3]],
      [refs[0], refs[2]],
    ])
    await expect.poll(() => other.gates.remote(), { timeout: 30_000 }).toBe(2)
    await other.open.remote(1)
    expect(await klaw.wait(refs, { numReturns: 4 })).toEqual([refs, []])
  })

  it('gives no more than was asked for', async () => {
    const refs = [klaw.put(0), klaw.put(1), klaw.put(2)]
    expect(await klaw.wait(refs)).toEqual([[refs[0]], [refs[1], refs[2]]])
  })

  it('waits until as many are ready as were asked for', async () => {
    const [first, second] = [other.gate.remote(), klaw.put(1)]
    const waiting = klaw.wait([first, second], { numReturns: 2 })
    await other.open.remote(1)
    expect(await waiting).toEqual([[first, second], []])
  })

  it('a ref that failed is ready', async () => {
    const failing = other.gate.remote()
    const waiting = klaw.wait([failing])
    await other.break.remote('broken')
    expect(await waiting).toEqual([[failing], []])
    await expect(failing).rejects.toThrow('broken')
  })

  it('with a timeout gives what there is by then', async () => {
    const pending = other.gate.remote()
    const ready = klaw.put(1)
    expect(await klaw.wait([pending, ready], { numReturns: 2, timeout: 20 })).toEqual([[ready], [pending]])
    expect(await klaw.wait([pending], { timeout: 0 })).toEqual([[], [pending]])
    const { ref: foreign } = await other.put.remote(1)
    expect(await klaw.wait([foreign], { timeout: 0, fetchLocal: false })).toEqual([[foreign], []])
    await other.open.remote(1)
    await pending
  })

  it('knows of refs of other threads', async () => {
    const pending = klaw.actor(Holder, { numCpus: 0 }).remote()
    const gate = pending.gate.remote()
    await other.drop.remote()
    await other.hold.remote([gate])
    const waiting = other.countReady.remote(1)
    await pending.open.remote('value')
    expect(await waiting).toBe(1)
    await other.drop.remote()
  })

  it('can be aborted', async () => {
    const pending = other.gate.remote()
    const signal = AbortSignal.timeout(10)
    expect(await rejection(klaw.wait([pending], { signal }))).toBe(signal.reason)
    await other.open.remote(1)
    await pending
  })

  it('of nothing is over at once', async () => {
    expect(await klaw.wait([])).toEqual([[], []])
  })

  it('bad arguments are refused, by name', async () => {
    const ref = klaw.put(1)
    const refuse = (promise: Promise<unknown>, error: Error) => expect(promise).rejects.toThrow(error)
    await refuse(
      klaw.wait(ref as never),
      new TypeError(`'refs' must be an array of ObjectRefs, got an object of class ObjectRef`),
    )
    await refuse(klaw.wait([ref, ref]), new RangeError(`'refs[1]' must not be the same object as 'refs[0]', ${ref.id}`))
    await refuse(klaw.wait([1 as never]), new TypeError("'refs[0]' must be an ObjectRef, got 1"))
    await refuse(
      klaw.wait([ref], { numReturns: 2 }),
      new RangeError("'numReturns' must not be more than the number of refs, 1, got 2"),
    )
    for (const numReturns of [0, -1, 1.5, Number.NaN]) {
      await refuse(
        klaw.wait([ref], { numReturns }),
        new RangeError(`'numReturns' must be a positive integer, got ${numReturns}`),
      )
    }
    await refuse(
      klaw.wait([ref], { numReturns: '1' as never }),
      new TypeError("'numReturns' must be a positive integer, got '1'"),
    )
    await expect(klaw.wait([ref], { timeout: -1 })).rejects.toThrow(RangeError)
    const [back] = (await other.echo.remote([ref])) as [ObjectRef<number>]
    await expect(klaw.wait([ref, back])).rejects.toThrow(RangeError)
  })
})
