import {
  ObjectFreedError,
  ObjectLostError,
  type ObjectRef,
  OwnerDiedError,
  type Runtime,
  RuntimeClosedError,
} from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { conformance } from '../engine.ts'

conformance('ownership of objects', (engine, it) => {
  const { Holder } = engine.fixtures
  let klaw: Runtime
  const start = (numCpus: number) => klaw.actor(Holder, { numCpus }).remote()
  beforeAll(async () => {
    // Threads of their own are wanted here, more than the machine has CPUs.
    klaw = await engine.connect({ numCpus: 16 })
  })
  afterAll(() => klaw.shutdown())

  for (const [end, how] of [
    ['is killed', (owner: ReturnType<typeof start>) => klaw.kill(owner)],
    ['exits', (owner: ReturnType<typeof start>) => void owner.exit.remote()],
  ] as const) {
    it(`an owner that ${end} takes its objects with it, pending ones too`, async () => {
      const owner = start(1)
      const other = start(0)
      const { ref: ready } = await owner.put.remote('value')
      const { ref: unread } = await owner.putBytes.remote(2_000_000)
      const { ref: pending } = await owner.callGate.remote(other)
      expect(await ready).toBe('value')
      const waiting = rejection(pending)
      const failed = other.hold.remote([pending]).then(() => other.failure.remote())
      await other.gates.remote()
      await how(owner)
      // On Ray what lies in a node's store can be read until the word of its owner's end is there; before 2.60 that takes seconds.
      if (engine.name === 'ray') await until(async () => (await failure(klaw.get([unread]))) instanceof OwnerDiedError)
      expect(await waiting).toBeInstanceOf(OwnerDiedError)
      expect(await failed).toBe('OwnerDiedError')
      expect(await rejection(unread)).toBeInstanceOf(OwnerDiedError)
      // On Ray whoever has read a small value keeps it.
      const gone = engine.name === 'ray' ? unread : ready
      const lost = await rejection(klaw.get([gone]))
      expect(lost).toBeInstanceOf(OwnerDiedError)
      expect(lost).toBeInstanceOf(ObjectLostError)
      // Ray calls the object by an id of its own, which a ref that came without Ray does not know.
      const id = engine.name === 'ray' && engine.language === 'typescript' ? expect.any(String) : gone.id
      expect((lost as OwnerDiedError).objectId).toEqual(id)
      expect(await klaw.wait([ready, unread], { numReturns: 2 })).toEqual([[ready, unread], []])
    })
  }

  it('a borrower that ends takes nothing with it', async () => {
    const borrower = start(1)
    const ref = klaw.put('mine')
    await borrower.hold.remote([ref])
    await klaw.kill(borrower)
    expect(await ref).toBe('mine')
    const other = start(0)
    expect(await other.readIn.remote({ ref })).toBe('mine')
  })

  it('what was freed is gone for everybody', async () => {
    const other = start(0)
    const ref = klaw.put('x')
    await other.hold.remote([ref])
    expect(await other.read.remote()).toBe('x')
    await klaw.free(ref)
    const error = await rejection(ref)
    expect(error).toBeInstanceOf(ObjectFreedError)
    expect((error as ObjectFreedError).objectId).toBe(ref.id)
    expect(await rejection(klaw.get([klaw.put(1), ref]))).toBeInstanceOf(ObjectFreedError)
    await until(async () => (await other.failure.remote()) === 'ObjectFreedError')
    await klaw.free([ref, klaw.put(2)])
    await klaw.free([])
  })

  it('a borrower can free', async () => {
    const other = start(0)
    const ref = klaw.put('x')
    await other.hold.remote([ref])
    await other.free.remote()
    await until(async () => {
      const error = await failure(ref)
      // Where this fails, nobody is to wait on.
      if (error instanceof RuntimeClosedError) throw error
      return error instanceof ObjectFreedError
    })
  })

  it('freeing a pending object settles those who wait for it', async () => {
    const other = start(0)
    const pending = other.gate.remote()
    const waiting = [rejection(pending), rejection(klaw.get([pending]))]
    const there = other.hold.remote([pending]).then(() => other.failure.remote())
    await other.gates.remote()
    await klaw.free(pending)
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(ObjectFreedError)
    expect(await there).toBe('ObjectFreedError')
    await other.open.remote('too late')
    expect(await rejection(pending)).toBeInstanceOf(ObjectFreedError)
  })

  it('a call with a freed argument fails', async () => {
    const other = start(0)
    const ref = klaw.put(1)
    await klaw.free(ref)
    expect(await rejection(other.echo.remote(ref))).toBeInstanceOf(ObjectFreedError)
  })

  it('only refs can be freed', async () => {
    await expect(klaw.free('x' as never)).rejects.toThrow(TypeError)
    await expect(klaw.free([klaw.put(1), 2] as never)).rejects.toThrow("'refs[1]' must be an ObjectRef")
  })

  it('a disposed ref is of no use, and others of its object are not affected', async () => {
    const other = start(0)
    const ref = klaw.put([1, 2])
    const [back] = (await other.echo.remote([ref])) as [ObjectRef<number[]>]
    ref[Symbol.dispose]()
    ref[Symbol.dispose]()
    expect(await rejection(ref)).toBeInstanceOf(ObjectLostError)
    expect(await rejection(klaw.get(ref))).toBeInstanceOf(ObjectLostError)
    expect(await rejection(klaw.wait([ref]))).toBeInstanceOf(ObjectLostError)
    expect(await rejection(other.echo.remote(ref))).toBeInstanceOf(ObjectLostError)
    expect(await back).toEqual([1, 2])
  })
})
