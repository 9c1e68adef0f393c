import { ActorDiedError, ObjectRef, RayTaskError, type Runtime, SerializationError } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('calls of actors', (engine, it) => {
  const { Broken, Counter, Keeper, Plain, Thrower } = engine.fixtures
  const python = engine.language === 'python'
  /** What RangeError is called there. */
  const rangeError = python ? 'ValueError' : 'RangeError'
  /** What a method without a result answers with. */
  const nothing = python ? null : undefined
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  for (const options of [{}, { numCpus: 0 }, { numCpus: 1 }]) {
    it(`keep their actor's state: ${JSON.stringify(options)}`, async () => {
      using counter = klaw.actor(Counter, options).remote(5)
      expect(await counter.add.remote(2)).toBe(7)
      expect(await counter.add.remote()).toBe(8)
      expect(await counter.addLater.remote(2)).toBe(10)
      expect(await counter.set.remote(1)).toBe(nothing)
      expect(await counter.get.remote()).toBe(1)
    })
  }

  it('return refs that can be awaited again and again', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const ref = plain.echo.remote({ a: 1 })
    expect(ref).toBeInstanceOf(ObjectRef)
    const first = await ref
    const second = await ref
    expect(first).toEqual([{ a: 1 }])
    expect(second).toEqual(first)
    expect(second).not.toBe(first)
  })

  it('copy arguments when they are made, and results', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const list = ['mine']
    const ref = plain.scribble.remote(list)
    list.push('changed after the call')
    expect(await ref).toEqual(['mine', 'scribbled'])
    expect(list).toEqual(['mine', 'changed after the call'])
  })

  it('take any number of arguments of any kind', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const values = [
      nothing,
      null,
      python ? 2n ** 60n : 1n,
      -0,
      Number.NaN,
      'é',
      new Date(0),
      new Map([[1, new Set(['x'])]]),
      new Uint8Array([1, 2]),
    ]
    expect(await plain.echo.remote()).toEqual([])
    expect(await plain.echo.remote(...values)).toEqual(values)
    const many = Array.from({ length: 500 }, (_, index) => index)
    expect(await plain.echo.remote(...many)).toEqual(many)
  })

  it('large arguments and results arrive whole', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const bytes = new Uint8Array(3_000_000).map((_, index) => index * 7)
    const [back] = await plain.echo.remote(bytes)
    expect(Buffer.compare(back as Uint8Array, bytes)).toBe(0)
  })

  it('a top-level ref is resolved, a nested one stays a ref', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const put = klaw.put(20)
    expect(await plain.add.remote(put)).toBe(20)
    expect(await plain.add.remote(plain.add.remote(1))).toBe(42)
    expect(await keeper.read.remote([klaw.put('inside')])).toEqual({ kind: expect.any(String), value: 'inside' })
  })

  it('refs made by an actor reach others through results', async () => {
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const { ref } = await keeper.store.remote({ from: 'the actor' })
    expect(await ref).toEqual({ from: 'the actor' })
    expect(await keeper.read.remote([ref])).toMatchObject({ value: { from: 'the actor' } })
  })

  it('a ref argument that failed fails the call with the same error', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    const failed = thrower.throwError.remote('first')
    const error = await rejection(plain.echo.remote(failed))
    expect(error).toBeInstanceOf(RayTaskError)
    expect((error as Error).message).toContain('first')
    expect(await plain.echo.remote('still there')).toEqual(['still there'])
  })

  it('a method that throws fails the call, and the actor lives on', async () => {
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    const error = (await rejection(thrower.throwError.remote('too far'))) as RayTaskError
    expect(error).toBeInstanceOf(RayTaskError)
    expect(error.code).toBe('RAY_TASK')
    expect(error.message).toBe(
      python ? 'throwError failed: ValueError: too far' : 'Thrower.throwError threw RangeError: too far',
    )
    expect(error.cause).toBeInstanceOf(python ? Error : RangeError)
    expect(error.cause).toMatchObject({ name: rangeError })
    // Ray keeps the traceback beside the exception.
    expect((python ? error : (error.cause as Error)).stack).toContain('throwError')
    expect(await thrower.calls.remote()).toBe(1)
  })

  it('an async method that rejects does the same', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    const error = (await rejection(counter.failLater.remote('later'))) as RayTaskError
    expect(error).toBeInstanceOf(RayTaskError)
    expect(error.cause).toMatchObject({ name: rangeError, message: 'later' })
    expect(await counter.get.remote()).toBe(0)
  })

  it('the cause keeps its name, message and own properties', async () => {
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    const { cause } = (await rejection(thrower.throwInvoice.remote())) as RayTaskError
    expect(cause).toBeInstanceOf(Error)
    expect(cause).toMatchObject({ name: 'InvoiceError', message: 'invoice 7 is wrong', invoice: 7, code: 'E_INVOICE' })
  })

  it('the cause keeps its causes', async () => {
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    const { cause } = (await rejection(thrower.throwInvoice.remote())) as RayTaskError
    expect((cause as Error).cause).toBeInstanceOf(TypeError)
    expect((cause as Error).cause).toMatchObject({ message: 'no total' })
  })

  it('what is thrown need not be an error, or be sendable', {
    onlyTypeScript: 'Python raises exceptions only',
  }, async () => {
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    expect(await rejection(thrower.throwText.remote())).toMatchObject({ code: 'RAY_TASK', cause: 'just a text' })
    const { cause } = (await rejection(thrower.throwUnsendable.remote())) as RayTaskError
    expect((cause as Error).message).toContain('has a function')
  })

  it('an argument or result that can not be sent fails the call, with the path', async () => {
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const argument = await rejection(plain.echo.remote(1, { user: { avatar: () => 0 } }))
    expect(argument).toBeInstanceOf(SerializationError)
    expect(argument).toMatchObject({ path: 'args[1].user.avatar' })
    const result = await rejection(thrower.returnFunction.remote())
    if (python) {
      // It is Ray that can not send it, and Ray says so in its own words.
      expect(result).toBeInstanceOf(RayTaskError)
      expect(result).toMatchObject({ cause: { name: 'TypeError', message: expect.stringContaining('pickle') } })
    } else {
      expect(result).toBeInstanceOf(SerializationError)
      expect(result).toMatchObject({ path: 'result.deep[0].callback' })
    }
    expect(await plain.echo.remote('fine')).toEqual(['fine'])
  })

  it('a constructor that throws fails every call with its error as the cause', async () => {
    using broken = klaw.actor(Broken, { numCpus: 0 }).remote('four')
    const early = broken.hello.remote()
    const error = (await rejection(broken.ready())) as ActorDiedError
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.cause).toMatchObject({ name: 'InvoiceError', invoice: 4, code: 'E_INVOICE' })
    if (!python) expect((error.cause as Error).cause).toMatchObject({ message: 'four' })
    for (const ref of [early, broken.hello.remote()]) {
      expect(await rejection(ref)).toMatchObject({ code: 'ACTOR_DIED', cause: { name: 'InvoiceError' } })
    }
  })

  it('a constructor takes refs, and fails with them', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote(klaw.put(40))
    using next = klaw.actor(Counter, { numCpus: 0 }).remote(counter.add.remote(2))
    expect(await next.get.remote()).toBe(42)
    using thrower = klaw.actor(Thrower, { numCpus: 0 }).remote()
    using never = klaw.actor(Counter, { numCpus: 0 }).remote(thrower.throwError.remote('no start'))
    const error = (await rejection(never.get.remote())) as ActorDiedError
    expect(error).toBeInstanceOf(ActorDiedError)
    if (python) expect(error.cause).toMatchObject({ name: 'ValueError', message: 'no start' })
    else expect(error.cause).toBeInstanceOf(RayTaskError)
  })

  it('a constructor argument that can not be sent fails every call', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote((() => 0) as unknown as number)
    const error = (await rejection(plain.entries.remote())) as ActorDiedError
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.cause).toMatchObject({ code: 'SERIALIZATION', path: 'args[0]' })
    expect(await rejection(plain.ready())).toBeInstanceOf(ActorDiedError)
  })

  it('ready settles once the constructor has run', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    expect(await counter.ready()).toBeUndefined()
    expect(await counter.ready()).toBeUndefined()
  })
})
