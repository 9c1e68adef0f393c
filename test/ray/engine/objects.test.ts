import { type ObjectRef, pyFunction } from '@klaw/core'
import { expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Counter, session } from './session.ts'

test('what is put is an ordinary Python object, and comes back as it was', async () => {
  const klaw = await session()
  const value = {
    text: 'grüße',
    when: new Date(0),
    big: 2n ** 80n,
    set: new Set([1, 'a']),
    bytes: new Uint8Array([1, 2]),
    nested: [{ deep: [null, true, 1.5] }],
  }
  const ref = klaw.put(value)
  expect(await ref).toEqual(value)
  const describe = klaw.task(pyFunction<(value: unknown) => string>('engine_shapes', 'name_of'))
  expect(await describe.remote(klaw.put([1, 'two', { a: null }]))).toBe("[1, 'two', {'a': None}]")
  expect(await klaw.get([ref, ref])).toEqual([value, value])
})

test('what Python has comes as what the docs say, and an arbitrary object can be passed back', async () => {
  const klaw = await session()
  const samples = await klaw.task(pyFunction<() => Record<string, unknown>>('engine_shapes', 'samples')).remote()
  expect(samples).toMatchObject({ tuple: [1, 'two'], big: 2n ** 70n, set: new Set([1]), none: null })
  expect(String(samples.point)).toBe('Point(1, 2)')
  const name = klaw.task(pyFunction<(value: unknown) => string>('engine_shapes', 'name_of'))
  expect(await name.remote(samples.point)).toBe('Point(1, 2)')
  expect(await name.remote(samples.decimal)).toContain('1.10')
})

test('a large typed array is a numpy array in Python and a view of what arrived here', async () => {
  const klaw = await session()
  const large = new Float64Array(3_000_000).map((_, index) => index / 2)
  const told: number[] = []
  const ref = klaw.put(large, { onProgress: (bytes) => told.push(bytes) })
  const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
  expect(await counter.size_of.remote(ref)).toEqual(['float64', 3_000_000, 1_499_999.5])
  expect(told.at(-1)).toBeGreaterThan(large.byteLength)
  const arrived: number[] = []
  const back = await klaw.get(ref, { onProgress: (bytes) => arrived.push(bytes) })
  expect(back.length).toBe(large.length)
  expect(Buffer.compare(Buffer.from(back.buffer, back.byteOffset, back.byteLength), Buffer.from(large.buffer))).toBe(0)
  expect(arrived.length).toBeGreaterThan(20)
  // An argument of this size travels the same way.
  expect(await counter.size_of.remote(large)).toEqual(['float64', 3_000_000, 1_499_999.5])
})

test('refs: a top-level one is resolved, one inside stays a ref, those made in Python can be read', async () => {
  const klaw = await session()
  const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
  const ref = klaw.put(7)
  expect(await counter.describe.remote(ref)).toBe('builtins.int')
  expect(await counter.inner_ref.remote([ref])).toBe('ObjectRef')
  expect(await counter.resolve.remote([ref])).toBe(7)
  const refs = (await counter.make_refs.remote(3)) as ObjectRef<number>[]
  expect(await klaw.get(refs)).toEqual([0, 1, 2])
  expect(await counter.resolve.remote([refs[2]])).toBe(2)
})

test('wait and timeouts', async () => {
  const klaw = await session()
  const double = klaw.task(pyFunction<(value: number) => number>('engine_shapes', 'double'))
  const refs = [klaw.put(1), double.remote(4)]
  const [ready, pending] = await klaw.wait(refs, { numReturns: 2 })
  expect(ready).toEqual(refs)
  expect(pending).toEqual([])
  expect(await klaw.get(refs, { timeout: 0 })).toEqual([1, 8])
})

test('what is freed is gone', async () => {
  const klaw = await session()
  const ref = klaw.put([1])
  await klaw.free(ref)
  expect(await rejection(ref)).toMatchObject({ code: 'OBJECT_FREED' })
})

test('an error in Python is the cause, with its type and fields', async () => {
  const klaw = await session()
  const ref = klaw.task(pyFunction<(text: string) => void>('engine_shapes', 'fail')).remote('no such corner')
  const error = (await rejection(ref)) as Error & { cause: Error }
  expect(error).toMatchObject({ code: 'RAY_TASK' })
  expect(error.cause.message).toContain('no such corner')
  expect(error.cause).toMatchObject({ pythonType: 'engine_shapes.ShapeError', corner: 9 })
})

test('functions of the standard library are tasks too', async () => {
  const klaw = await session()
  const options = { numCpus: 0 }
  expect(await klaw.task(pyFunction<(value: number) => number>('math', 'sqrt'), options).remote(16)).toBe(4)
  const joined = klaw.task(pyFunction<(a: string, b: string) => string>('os.path', 'join'), options).remote('a', 'b')
  expect(await joined).toBe('a/b')
})
