import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import {
  GetTimeoutError,
  ObjectRef,
  RayTaskError,
  type Runtime,
  RuntimeClosedError,
  SerializationError,
} from '@klaw/core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('put and get', (engine, it) => {
  const { Holder } = engine.fixtures
  let klaw: Runtime
  let other: ReturnType<typeof startHolder>
  const startHolder = () => klaw.actor(Holder, { numCpus: 0 }).remote()
  beforeAll(async () => {
    klaw = await engine.connect()
    other = startHolder()
  })
  afterAll(() => klaw.shutdown())

  it('put takes a snapshot, and every get gives a fresh copy', async () => {
    const value = { list: [1] }
    const ref = klaw.put(value)
    value.list.push(2)
    const [first, second] = [await ref, await klaw.get(ref)]
    expect(first).toEqual({ list: [1] })
    first.list.push(3)
    expect(second).toEqual({ list: [1] })
    expect(await ref).toEqual({ list: [1] })
  })

  it('get keeps the order of the refs, and what stands there twice', async () => {
    const [a, b] = [klaw.put('a'), klaw.put('b')]
    expect(await klaw.get([b, a, b])).toEqual(['b', 'a', 'b'])
    expect(await klaw.get([])).toEqual([])
    const [first, second] = await klaw.get([klaw.put([0]), klaw.put([0])])
    expect(first).not.toBe(second)
  })

  it('get takes pending, ready and foreign refs together', async () => {
    const pending = other.gate.remote()
    const { ref: foreign } = await other.put.remote('foreign')
    const all = klaw.get([klaw.put('ready'), pending, foreign])
    await other.open.remote('opened')
    expect(await all).toEqual(['ready', 'opened', 'foreign'])
  })

  it('a ref can be awaited any number of times, together and one after the other', async () => {
    const pending = other.gate.remote()
    const together = Promise.all([pending, pending, klaw.get(pending)])
    await other.open.remote([1])
    const [first, second, third] = await together
    expect([first, second, third]).toEqual([[1], [1], [1]])
    expect(first).not.toBe(second)
    expect(await pending).toEqual([1])
    expect(await pending.then((value) => [value])).toEqual([[1]])
  })

  it('refs are equal by what they stand for', async () => {
    const ref = klaw.put(1)
    const [back] = (await other.echo.remote([ref])) as [ObjectRef<number>]
    expect(back).toBeInstanceOf(ObjectRef)
    expect(back).not.toBe(ref)
    expect(back.equals(ref)).toBe(true)
    expect(back.id).toBe(ref.id)
    expect(ref.equals(klaw.put(1))).toBe(false)
    expect(ref.equals({} as ObjectRef<number>)).toBe(false)
  })

  it('one ref that failed fails the get at once', async () => {
    const pending = other.gate.remote()
    const failing = other.gate.remote()
    const all = rejection(klaw.get([pending, klaw.put(1), other.length.remote(null as never)]))
    expect(await all).toBeInstanceOf(RayTaskError)
    await expect.poll(() => other.gates.remote(), { timeout: 30_000 }).toBe(2)
    await other.open.remote(1)
    expect(await klaw.get([pending, failing])).toEqual([1, 1])
  })

  it('a timeout ends the get and not what it waits for', async () => {
    const pending = other.gate.remote()
    const error = await rejection(klaw.get(pending, { timeout: 20 }))
    expect(error).toBeInstanceOf(GetTimeoutError)
    expect((error as Error).message).toBe(`1 of 1 objects had no value within 20 ms: ${pending.id}`)
    await other.open.remote('in the end')
    expect(await klaw.get(pending, { timeout: 60_000 })).toBe('in the end')
  })

  it('a timeout of 0 succeeds if the value is there, here or elsewhere', async () => {
    expect(await klaw.get(klaw.put(1), { timeout: 0 })).toBe(1)
    const { ref } = await other.put.remote('there')
    expect(await klaw.get(ref, { timeout: 0 })).toBe('there')
    const pending = other.gate.remote()
    expect(await rejection(klaw.get([ref, pending], { timeout: 0 }))).toBeInstanceOf(GetTimeoutError)
    await other.open.remote(undefined)
    await pending
    expect(await klaw.get(pending, { timeout: 0 })).toBe(engine.language === 'python' ? null : undefined)
  })

  it('an aborted get rejects with the reason, and takes nothing away', async () => {
    const pending = other.gate.remote()
    const controller = new AbortController()
    const waiting = rejection(klaw.get(pending, { signal: controller.signal }))
    const reason = new Error('changed my mind')
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    expect(await rejection(klaw.get(klaw.put(1), { signal: controller.signal }))).toBe(reason)
    await other.open.remote(2)
    expect(await pending).toBe(2)
  })

  it('ten thousand aborted gets leave nothing behind', async () => {
    const mine = other.gate.remote()
    const { ref: foreign } = await other.callGate.remote(other)
    const controllers = Array.from({ length: 10_000 }, () => new AbortController())
    const gets = controllers.map(({ signal }) => rejection(klaw.get([mine, foreign], { signal, timeout: 60_000 })))
    for (const controller of controllers) controller.abort()
    const errors = await Promise.all(gets)
    for (const [index, { signal }] of controllers.entries()) {
      expect(errors[index]).toBe(signal.reason)
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    }
    await other.open.remote('still there')
    expect(await klaw.get([mine, foreign])).toEqual(['still there', 'still there'])
    expect(await mine).toBe('still there')
  })

  it('a ref that fails and that nobody awaits bothers nobody', async () => {
    other.length.remote(null as never)
    await other.length.remote([])
    await turn()
  })

  it('bad arguments are refused, by name', async () => {
    const ref = klaw.put(1)
    await expect(klaw.get(1 as never)).rejects.toThrow(new TypeError("'refs' must be an ObjectRef, got 1"))
    await expect(klaw.get([ref, 'x'] as never)).rejects.toThrow(
      new TypeError("'refs[1]' must be an ObjectRef, got 'x'"),
    )
    await expect(klaw.get(Promise.resolve(1) as never)).rejects.toThrow(TypeError)
    await expect(klaw.get(ref, { timeout: -1 })).rejects.toThrow(RangeError)
    await expect(klaw.get(ref, { timeout: Number.NaN })).rejects.toThrow(RangeError)
    await expect(klaw.get(ref, { timeout: '1' as never })).rejects.toThrow(TypeError)
    await expect(klaw.get(ref, { signal: {} as never })).rejects.toThrow(TypeError)
    await expect(klaw.get(ref, { timeOut: 1 } as never)).rejects.toThrow("unknown key 'timeOut'")
    expect(() => klaw.put(ref)).toThrow(TypeError)
    expect(() => klaw.put({ deep: [() => 1] })).toThrow(SerializationError)
    expect(() => klaw.put({ deep: [() => 1] })).toThrow(/value\.deep\[0\]/)
    expect(await klaw.get(klaw.put([ref]))).toHaveLength(1)
  })

  it('a ref of another runtime is refused', async () => {
    await using second = await engine.connect()
    const theirs = second.put(1)
    await expect(klaw.get(theirs)).rejects.toThrow(TypeError)
    await expect(klaw.wait([theirs])).rejects.toThrow('another runtime')
    expect(() => klaw.put([theirs])).toThrow(SerializationError)
    expect(await theirs).toBe(1)
  })

  it('after the shutdown everything is refused, what was pending too', async () => {
    const second = await engine.connect()
    const holder = second.actor(Holder, { numCpus: 0 }).remote()
    const ready = second.put(1)
    const pending = holder.gate.remote()
    const waiting = [second.get(pending), second.get([ready, pending]), second.wait([pending]), pending].map(rejection)
    await holder.gates.remote()
    await second.shutdown()
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(ready)).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(second.get(ready))).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(second.wait([ready]))).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(second.free(ready))).toBeInstanceOf(RuntimeClosedError)
    expect(() => second.put(1)).toThrow(RuntimeClosedError)
  })

  it('any value comes out as it went in, here and in another thread', {
    onlyEmbedded: 'what Python takes is tested with its own values',
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
        }),
        async (value) => {
          const ref = klaw.put({ value })
          expect(await ref).toEqual({ value })
          expect(await other.readIn.remote({ ref })).toEqual({ value })
        },
      ),
      { numRuns: 200 },
    )
  })
})
