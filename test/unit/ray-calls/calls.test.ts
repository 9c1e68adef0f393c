import { describe, expect, test } from 'vitest'
import {
  ActorDiedError,
  ActorUnavailableError,
  PendingCallsLimitExceeded,
  RayTaskError,
  RuntimeClosedError,
} from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../ray-engine/fake-agent.ts'
import { CallsRig } from './rig.ts'

class Counter {
  value = 0
  calls: number[] = []

  add(amount: number): number {
    this.calls.push(amount)
    this.value += amount
    return this.value
  }

  fail(text: string): never {
    throw new RangeError(text)
  }

  large(size: number): Uint8Array {
    return new Uint8Array(size).fill(7)
  }

  sizeOf(bytes: Uint8Array): number {
    return bytes.length
  }

  *upTo(count: number) {
    for (let n = 0; n < count; n++) yield n
  }
}

/** Answers when it is told to. */
class Slow {
  readonly waiting: { readonly n: number; readonly done: (value: number) => void }[] = []

  wait(n: number): Promise<number> {
    return new Promise((done) => this.waiting.push({ n, done }))
  }
}

describe('calls of actors in TypeScript', () => {
  test('answer, in order, without a word to the hub', async () => {
    await using rig = await CallsRig.start()
    const counter = new Counter()
    const child = await rig.child(counter)
    rig.where = () => child
    const handle = await rig.handle(counter)
    const refs = Array.from({ length: 100 }, (_, n) => handle.add.remote(n))
    expect(await Promise.all(refs)).toEqual(Array.from({ length: 100 }, (_, n) => (n * (n + 1)) / 2))
    expect(await handle.add.remote(1)).toBe(4951)
    expect(counter.calls.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(rig.hub.said).toEqual([])
    expect(rig.located).toBe(1)
  })

  test('throw what the method throws', async () => {
    await using rig = await CallsRig.start()
    const child = await rig.child(new Counter())
    rig.where = () => child
    const handle = await rig.handle(new Counter())
    const error = await rejection(handle.fail.remote('no'))
    expect(error).toBeInstanceOf(RayTaskError)
    expect((error as Error).message).toBe('Counter.fail threw RangeError: no')
    expect((error as Error).cause).toBeInstanceOf(RangeError)
  })

  test('take and give what is larger than a frame', async () => {
    await using rig = await CallsRig.start()
    const child = await rig.child(new Counter())
    rig.where = () => child
    const handle = await rig.handle(new Counter())
    const size = 40_000_000
    const large = (await handle.large.remote(size)) as Uint8Array
    expect(large.length).toBe(size)
    expect(large[size - 1]).toBe(7)
    expect(await handle.sizeOf.remote(large)).toBe(size)
    expect(await handle.add.remote(1)).toBe(1)
  })

  test('streams', async () => {
    await using rig = await CallsRig.start()
    const child = await rig.child(new Counter())
    rig.where = () => child
    const handle = await rig.handle(new Counter())
    const seen: number[] = []
    for await (const n of handle.upTo.remote(5)) seen.push(n)
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  test('two handles of one actor share a connection, and keep the order of their calls', async () => {
    await using rig = await CallsRig.start()
    const counter = new Counter()
    const child = await rig.child(counter)
    rig.where = () => child
    const first = await rig.handle(counter, 'aa')
    const second = await rig.handle(counter, 'aa')
    const refs = []
    for (let n = 0; n < 20; n++) refs.push((n % 2 === 0 ? first : second).add.remote(n))
    await Promise.all(refs)
    expect(counter.calls).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(child.transports).toHaveLength(1)
  })

  test('a connection that nobody needs is closed, and another one opened when somebody does', async () => {
    await using rig = await CallsRig.start()
    const child = await rig.child(new Counter())
    rig.where = () => child
    const handle = await rig.handle(new Counter())
    await handle.add.remote(1)
    expect(child.open).toBe(1)
    handle[Symbol.dispose]()
    await until(() => child.open === 0)
    const again = await rig.handle(new Counter())
    expect(await again.add.remote(1)).toBe(2)
  })

  test('wait for an actor that is not there yet, and are refused with what it died of', async () => {
    await using rig = await CallsRig.start()
    const died = new ActorDiedError('its constructor threw', { actorId: 'aa' })
    let tell: (error: Error) => void = () => {}
    const found = new Promise<Error>((resolve) => {
      tell = resolve
    })
    rig.where = () => found
    const handle = await rig.handle(new Counter())
    const calls = [rejection(handle.add.remote(1)), rejection(handle.add.remote(2)), rejection(handle.ready())]
    await until(() => rig.located === 1)
    tell(died)
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(ActorDiedError)
      expect((error as Error).message).toBe('its constructor threw')
    }
    expect(await rejection(handle.add.remote(3))).toBeInstanceOf(ActorDiedError)
    expect(rig.located).toBe(1)
  })

  test('more than may be pending are refused, also those made before that was known', async () => {
    await using rig = await CallsRig.start()
    rig.limits = { maxTaskRetries: 0, maxPendingCalls: 2 }
    const slow = new Slow()
    const child = await rig.child(slow, undefined, 10)
    rig.where = () => child
    const handle = await rig.handle(slow)
    const refs = [1, 2, 3].map((n) => handle.wait.remote(n))
    expect(await rejection(refs[2]!)).toBeInstanceOf(PendingCallsLimitExceeded)
    await until(() => slow.waiting.length === 2)
    expect(await rejection(handle.wait.remote(4))).toBeInstanceOf(PendingCallsLimitExceeded)
    for (const { n, done } of slow.waiting) done(n)
    expect(await Promise.all(refs.slice(0, 2))).toEqual([1, 2])
  })
})

describe('an actor that goes away', () => {
  test('and comes back: its calls are unavailable, or made again', async () => {
    await using rig = await CallsRig.start()
    const slow = new Slow()
    const first = await rig.child(slow, undefined, 10)
    let found: typeof first = first
    rig.where = () => found
    const handle = await rig.handle(slow)
    const lost = rejection(handle.wait.remote(1))
    const retried = handle.wait.options({ maxTaskRetries: 1 }).remote(2)
    await until(() => slow.waiting.length === 2)
    found = await rig.child(slow, undefined, 10)
    first.kill()
    expect(await lost).toBeInstanceOf(ActorUnavailableError)
    await until(() => slow.waiting.length === 3)
    expect(slow.waiting[2]!.n).toBe(2)
    slow.waiting[2]!.done(22)
    expect(await retried).toBe(22)
  })

  test('for good: its calls die with it', async () => {
    await using rig = await CallsRig.start()
    const slow = new Slow()
    const child = await rig.child(slow)
    let found: typeof child | Error = child
    rig.where = () => found
    const handle = await rig.handle(slow)
    const calls = [rejection(handle.wait.remote(1)), rejection(handle.wait.remote(2))]
    await until(() => slow.waiting.length === 1)
    found = new ActorDiedError('killed', { actorId: 'aa' })
    child.kill()
    for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(ActorDiedError)
    expect(await rejection(handle.wait.remote(3))).toBeInstanceOf(ActorDiedError)
  })

  test('while nobody calls it: the next call finds the one that came after it', async () => {
    await using rig = await CallsRig.start()
    const first = await rig.child(new Counter())
    let found = first
    rig.where = () => found
    const handle = await rig.handle(new Counter())
    expect(await handle.add.remote(5)).toBe(5)
    found = await rig.child(new Counter())
    first.kill()
    await until(() => first.open === 0)
    expect(await handle.add.options({ maxTaskRetries: -1 }).remote(1)).toBe(1)
  })

  test('only as far as its connection goes: there is another one, and calls that were in flight are unavailable', async () => {
    await using rig = await CallsRig.start()
    const slow = new Slow()
    const child = await rig.child(slow, undefined, 10)
    rig.where = () => child
    const handle = await rig.handle(slow)
    const lost = rejection(handle.wait.remote(1))
    await until(() => slow.waiting.length === 1)
    child.transports[0]!.close()
    expect(await lost).toBeInstanceOf(ActorUnavailableError)
    const next = handle.wait.remote(2)
    await until(() => slow.waiting.length === 2)
    slow.waiting[1]!.done(2)
    expect(await next).toBe(2)
    expect(child.transports).toHaveLength(2)
  })

  test('with the session: everything that waits is refused, and nothing can be called any more', async () => {
    await using rig = await CallsRig.start()
    const slow = new Slow()
    const child = await rig.child(slow)
    rig.where = () => child
    const handle = await rig.handle(slow)
    const elsewhere = await rig.handle(new Counter(), 'bb')
    const calls = [rejection(handle.wait.remote(1)), rejection(handle.wait.remote(2))]
    await until(() => slow.waiting.length === 1)
    rig.where = () => new Promise(() => {})
    calls.push(rejection(elsewhere.add.remote(1)), rejection(elsewhere.ready()))
    await until(() => rig.located === 2)
    await rig.engine.shutdown()
    for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(handle.wait.remote(3))).toBeInstanceOf(RuntimeClosedError)
    await until(() => child.open === 0)
  })

  test('while its generator is read: the reader is told', async () => {
    await using rig = await CallsRig.start()
    const counter = new Counter()
    const first = await rig.child(counter)
    let found = first
    rig.where = () => found
    const handle = await rig.handle(counter)
    const values = handle.upTo.remote(10)
    expect(await values.next()).toEqual({ done: false, value: 0 })
    found = await rig.child(counter)
    first.kill()
    expect(await rejection(values.next())).toBeInstanceOf(ActorUnavailableError)
    expect(await values.next()).toEqual({ done: true, value: undefined })
    expect(await handle.add.options({ maxTaskRetries: -1 }).remote(1)).toBe(1)
  })

  test('by kill(): nothing of it counts any more', async () => {
    await using rig = await CallsRig.start()
    const slow = new Slow()
    const first = await rig.child(slow, undefined, 10)
    let found = first
    rig.where = () => found
    const handle = await rig.handle(slow)
    const lost = rejection(handle.wait.remote(1))
    await until(() => slow.waiting.length === 1)
    await rig.kill(handle)
    // Ray still names the one that was killed.
    const before = rig.located
    const next = handle.wait.remote(2)
    await until(() => rig.located > before + 1)
    slow.waiting[0]!.done(1)
    found = await rig.child(slow, undefined, 10)
    expect(await lost).toBeInstanceOf(ActorUnavailableError)
    await until(() => slow.waiting.length === 2)
    slow.waiting[1]!.done(2)
    expect(await next).toBe(2)
  })
})
