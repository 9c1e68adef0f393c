import { expect, test } from 'vitest'
import type { ObjectRef } from '../../../src/api/object-ref.ts'
import { freeObjects, getObjects, putObject, waitForObjects } from '../../../src/api/objects.ts'
import type { LocalObjects } from '../../../src/engine/local/local-objects.ts'
import type { OwnedObject } from '../../../src/engine/local/owned-object.ts'
import {
  KlawError,
  ObjectFreedError,
  ObjectLostError,
  ObjectStoreFullError,
  OwnerDiedError,
  RuntimeClosedError,
} from '../../../src/errors.ts'
import { collectUntil } from '../../support/collect-garbage.ts'
import { pass, Rig, until } from './rig.ts'

/** A pending object as a call makes it, and its ref. */
function pending<T>(objects: LocalObjects): [OwnedObject, ObjectRef<T>] {
  const object = objects.create()
  return [object, objects.ref(object) as ObjectRef<T>]
}

test('an object stays in its thread until a ref leaves it', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const ref = putObject(owner, { list: [1, 2, 3] })
  expect(await owner.stats()).toMatchObject({ published: 0 })
  const [there] = await pass(owner, borrower, [ref])
  expect(await owner.stats()).toMatchObject({ published: 1, pending: 0 })
  expect(await there).toEqual({ list: [1, 2, 3] })
  expect(await there).not.toBe(await there)
})

test('a ref that comes back to its owner is the same object', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const ref = putObject(owner, 1)
  const [there] = await pass(owner, borrower, [ref])
  const [back] = await pass(borrower, owner, [there as ObjectRef<number>])
  expect(back?.equals(ref)).toBe(true)
  expect(await back).toBe(1)
})

test('a ref can be passed on by a borrower, and outlives every handle of the owner', async () => {
  await using rig = new Rig()
  const [owner, first, second] = [await rig.thread(), await rig.thread(), await rig.thread()]
  const ref = putObject(owner, 'value')
  const [atFirst] = await pass(owner, first, [ref])
  ref[Symbol.dispose]()
  const [atSecond] = await pass(first, second, [atFirst as ObjectRef<string>])
  atFirst?.[Symbol.dispose]()
  await Promise.all([owner, first].map((thread) => thread.client.barrier()))
  expect(await atSecond).toBe('value')
})

test('a pending object settles for borrowers that wait, and for those that come later', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const [object, ref] = pending<number>(owner)
  const [there] = (await pass(owner, borrower, [ref])) as [ObjectRef<number>]
  const waiting = getObjects(borrower, there)
  expect(await waitForObjects(borrower, [there], { timeout: 0 })).toEqual([[], [there]])
  object.settle(owner.encode(7, 'value'))
  expect(await waiting).toBe(7)
  expect(await ref).toBe(7)
  expect(await waitForObjects(borrower, [there], { timeout: 0 })).toEqual([[there], []])
})

test('a failure crosses threads with its class and fields', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const [object, ref] = pending<number>(owner)
  const [there] = (await pass(owner, borrower, [ref])) as [ObjectRef<number>]
  const waiting = expect(there).rejects.toMatchObject({ name: 'ObjectLostError', objectId: 'x' })
  object.fail(new ObjectLostError('lost', { objectId: 'x' }))
  await waiting
})

test('an error that can not be sent is replaced by one that says so', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const [object, ref] = pending<number>(owner)
  object.fail(() => 'a function, thrown')
  const [there] = (await pass(owner, borrower, [ref])) as [ObjectRef<number>]
  await expect(there).rejects.toThrow(/an error that can not be sent: .*a function, thrown/)
})

test('freeing ends the value for everybody', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const ref = putObject(owner, 'x'.repeat(1000))
  const [there] = (await pass(owner, borrower, [ref])) as [ObjectRef<string>]
  await there
  await freeObjects(borrower, there)
  await owner.client.barrier()
  await expect(there).rejects.toThrow(ObjectFreedError)
  await expect(ref).rejects.toThrow(ObjectFreedError)
  expect(owner.memory.used).toBe(0)
})

test('freeing a pending object settles those who wait, and its value is dropped when it comes', async () => {
  await using rig = new Rig()
  const owner = await rig.thread()
  const [object, ref] = pending<number>(owner)
  const waiting = getObjects(owner, ref)
  await freeObjects(owner, [ref])
  await expect(waiting).rejects.toThrow(ObjectFreedError)
  object.settle(owner.encode(1, 'value'))
  await expect(ref).rejects.toThrow(ObjectFreedError)
})

test('when the owner ends, borrowers learn it: those that wait, those that have the value, those that ask later', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const [, ref] = pending<number>(owner)
  const ready = putObject(owner, 1)
  const unread = putObject(owner, 2)
  const [p, r, u] = (await pass(owner, borrower, [ref, ready, unread])) as [
    ObjectRef<number>,
    ObjectRef<number>,
    ObjectRef<number>,
  ]
  await r
  const waiting = expect(getObjects(borrower, p)).rejects.toThrow(OwnerDiedError)
  owner.client.connection.close()
  await waiting
  await borrower.client.barrier()
  await expect(r).rejects.toThrow(OwnerDiedError)
  await expect(u).rejects.toThrow(OwnerDiedError)
})

test('everything that waits settles when the runtime closes', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const [, ref] = pending<number>(owner)
  const [there] = (await pass(owner, borrower, [ref])) as [ObjectRef<number>]
  const waiting = expect(getObjects(borrower, there)).rejects.toThrow(RuntimeClosedError)
  const mine = putObject(borrower, 1)
  borrower.client.connection.close()
  await waiting
  await expect(mine).rejects.toThrow(RuntimeClosedError)
  expect(() => putObject(borrower, 1)).toThrow(RuntimeClosedError)
})

test('a disposed ref says so, and others of its object are not affected', async () => {
  await using rig = new Rig()
  const owner = await rig.thread()
  const ref = putObject(owner, [1])
  const other = (await pass(owner, owner, [ref]))[0] as ObjectRef<number[]>
  ref[Symbol.dispose]()
  ref[Symbol.dispose]()
  await expect(ref).rejects.toThrow('has been disposed of')
  expect(await other).toEqual([1])
})

test('disposing of a ref that is being got does not end the get', async () => {
  await using rig = new Rig()
  const owner = await rig.thread()
  const [object, ref] = pending<number>(owner)
  const waiting = Promise.all([getObjects(owner, [ref, ref]), ref.then((value) => value)])
  ref[Symbol.dispose]()
  object.settle(owner.encode(5, 'value'))
  expect(await waiting).toEqual([[5, 5], 5])
})

test('memory is given back when the last ref is disposed of, here or in another thread', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const ref = putObject(owner, new Uint8Array(100_000))
  const [there] = (await pass(owner, borrower, [ref])) as [ObjectRef<Uint8Array>]
  expect(owner.memory.used).toBeGreaterThan(100_000)
  ref[Symbol.dispose]()
  await owner.client.barrier()
  expect((await there).length).toBe(100_000)
  there[Symbol.dispose]()
  await borrower.client.barrier()
  expect(await owner.stats()).toMatchObject({ used: 0, published: 0 })
})

test('memory is given back when refs are collected', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  await (async () => {
    const [there] = await pass(owner, borrower, [putObject(owner, new Uint8Array(100_000)), putObject(owner, 1)])
    await there
    putObject(owner, new Uint8Array(1000))
  })()
  expect(await owner.stats()).toMatchObject({ published: 2 })
  await collectUntil(async () => {
    const { used, published } = await owner.stats()
    return used === 0 && published === 0
  })
})

test('handles inside a stored value live as long as it does', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const inner = putObject(owner, 'inner')
  const outer = putObject(owner, { inner })
  inner[Symbol.dispose]()
  const [there] = (await pass(owner, borrower, [outer])) as [ObjectRef<{ inner: ObjectRef<string> }>]
  outer[Symbol.dispose]()
  const first = await there
  first.inner[Symbol.dispose]()
  const again = await there
  expect(await again.inner).toBe('inner')
  again.inner[Symbol.dispose]()
  there[Symbol.dispose]()
  await borrower.client.barrier()
  await owner.client.barrier()
  expect(await owner.stats()).toMatchObject({ used: 0, published: 0 })
  expect(rig.hub.leases.size).toBe(0)
})

test('a store without room says how much there was', async () => {
  await using rig = new Rig(1_000_000)
  const [one, two] = [await rig.thread(), await rig.thread()]
  const held = putObject(one, new Uint8Array(600_000))
  expect(() => putObject(two, new Uint8Array(600_000))).toThrow(ObjectStoreFullError)
  expect(() => putObject(two, new Uint8Array(600_000))).toThrow(
    /600\d\d\d bytes: it holds 600\d\d\d of at most 1000000 bytes/,
  )
  held[Symbol.dispose]()
  putObject(two, new Uint8Array(600_000))
})

test('a large result that finds no room fails, and a small one is not counted', async () => {
  await using rig = new Rig(100_000)
  const owner = await rig.thread()
  const [large, largeRef] = pending<Uint8Array>(owner)
  large.settle(owner.encode(new Uint8Array(200_000), 'value'))
  await expect(largeRef).rejects.toThrow(ObjectStoreFullError)
  const [small, smallRef] = pending<number>(owner)
  small.settle(owner.encode(1, 'value'))
  expect(await smallRef).toBe(1)
  expect(owner.memory.used).toBe(0)
})

test('what a thread held is given back when it ends', async () => {
  await using rig = new Rig()
  const [one, two] = [await rig.thread(), await rig.thread()]
  const kept = putObject(one, new Uint8Array(100_000))
  const [there] = await pass(one, two, [putObject(one, new Uint8Array(200_000))])
  expect(two.memory.used).toBeGreaterThan(300_000)
  one.client.connection.close()
  await until(() => two.memory.used === 0)
  await two.client.barrier()
  await expect(there).rejects.toThrow(OwnerDiedError)
  expect(kept.id).toBe('1.1')
})

test('a ref that was never awaited fails quietly', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const [object, ref] = pending<number>(owner)
  await pass(owner, borrower, [ref])
  object.fail(new KlawError('nobody cares'))
  await owner.client.barrier()
})

test('an object is gone for a thread that gets its handle too late', async () => {
  await using rig = new Rig()
  const [owner, borrower] = [await rig.thread(), await rig.thread()]
  const ref = putObject(owner, 1)
  const { bytes, tokens } = owner.encode([ref], 'value')
  ref[Symbol.dispose]()
  owner.client.releaseTokens(tokens)
  await owner.client.barrier()
  const [late] = borrower.client.codec.decode(bytes) as [ObjectRef<number>]
  await expect(late).rejects.toThrow(ObjectLostError)
  // Passing it on does no harm either.
  const [later] = (await pass(borrower, owner, [late])) as [ObjectRef<number>]
  await expect(later).rejects.toThrow(ObjectLostError)
})

test('a store full of garbage has room', async () => {
  await using rig = new Rig(1_000_000)
  const owner = await rig.thread()
  for (let count = 0; count < 10; count++) {
    putObject(owner, new Uint8Array(300_000))
    // Refs are kept until the end of the job that made them.
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('garbage in other threads is looked for when the store is full', async () => {
  await using rig = new Rig(1_000_000)
  const [one, two] = [await rig.thread(), await rig.thread()]
  await (async () => {
    for (let count = 0; count < 3; count++) putObject(one, new Uint8Array(300_000))
  })()
  let ref: ObjectRef<Uint8Array> | undefined
  await until(() => {
    try {
      ref = putObject(two, new Uint8Array(300_000))
      return true
    } catch {
      return false
    }
  })
  expect((await ref)?.length).toBe(300_000)
})
