import { type ObjectRef, type Queue, type Runtime, shared, transfer } from '@klaw/core'
import { expectTypeOf, test } from 'vitest'

declare const klaw: Runtime
declare const number: ObjectRef<number>
declare const text: ObjectRef<string>

test('a ref is awaited as its value', () => {
  expectTypeOf<Awaited<ObjectRef<number>>>().toEqualTypeOf<number>()
  expectTypeOf<Awaited<ObjectRef<ObjectRef<string>>>>().toEqualTypeOf<string>()
  expectTypeOf(Promise.all([number, text])).resolves.toEqualTypeOf<[number, string]>()
  expectTypeOf(number.then((value) => `${value}`)).resolves.toEqualTypeOf<string>()
  expectTypeOf(number.id).toEqualTypeOf<string>()
})

test('refs are covariant', () => {
  expectTypeOf<ObjectRef<'a'>>().toExtend<ObjectRef<string>>()
  expectTypeOf<ObjectRef<number>>().toExtend<ObjectRef<unknown>>()
  expectTypeOf<ObjectRef<string>>().not.toExtend<ObjectRef<'a'>>()
  expectTypeOf<ObjectRef<unknown>>().not.toExtend<ObjectRef<string>>()
})

test('put keeps the type', () => {
  expectTypeOf(klaw.put({ a: 1 })).toEqualTypeOf<ObjectRef<{ a: number }>>()
  expectTypeOf(klaw.put(new Float64Array(1))).not.toBeAny()
})

test('get gives values in the order of the refs', () => {
  expectTypeOf(klaw.get(number)).resolves.toEqualTypeOf<number>()
  expectTypeOf(klaw.get([number, text])).resolves.toEqualTypeOf<[number, string]>()
  expectTypeOf(klaw.get([number, text, number] as const)).resolves.toEqualTypeOf<[number, string, number]>()
  expectTypeOf(klaw.get([] as ObjectRef<number>[])).resolves.toEqualTypeOf<number[]>()
  // @ts-expect-error a promise is no ref
  klaw.get(Promise.resolve(1))
  // @ts-expect-error an unknown option
  klaw.get(number, { timeOut: 1 })
})

test('wait gives refs of the same type', () => {
  expectTypeOf(klaw.wait([number])).resolves.toEqualTypeOf<[ready: ObjectRef<number>[], pending: ObjectRef<number>[]]>()
  expectTypeOf(klaw.wait([number, text])).resolves.toEqualTypeOf<
    [ready: (ObjectRef<number> | ObjectRef<string>)[], pending: (ObjectRef<number> | ObjectRef<string>)[]]
  >()
})

test('queues know their items', () => {
  const queue = klaw.queue<number>({ maxsize: 1 })
  expectTypeOf(queue).toEqualTypeOf<Queue<number>>()
  expectTypeOf(queue.get()).resolves.toEqualTypeOf<number>()
  expectTypeOf(queue.getNowaitBatch(2)).resolves.toEqualTypeOf<number[]>()
  queue.put(number)
  queue.putNowaitBatch(new Set([1]))
  // @ts-expect-error not a number
  queue.put('x')
  // @ts-expect-error a ref of something else
  queue.put(text)
  // @ts-expect-error refs in a batch are not resolved
  queue.putNowaitBatch([number])
  // @ts-expect-error a typo
  klaw.queue({ maxSize: 1 })
})

test('shared and transfer keep the kind of what they get', () => {
  expectTypeOf(shared(new Float64Array(1))).toEqualTypeOf<Float64Array<SharedArrayBuffer>>()
  expectTypeOf(shared(new Uint8Array(1))).toEqualTypeOf<Uint8Array<SharedArrayBuffer>>()
  expectTypeOf(transfer({ a: 1 }, [])).toEqualTypeOf<{ a: number }>()
  // @ts-expect-error no typed array
  shared([1])
})
