import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { difference } from './support/difference.ts'

const codec = new Codec()

function roundTrip<T>(value: T): T {
  return codec.decode(codec.encode(value)) as T
}

test('shared references stay shared, circles stay circles', () => {
  const shared = { name: 'shared' }
  const value: Record<string, unknown> = {
    shared,
    list: [shared, shared],
    map: new Map([[shared, shared]]),
    set: new Set([shared]),
  }
  value.self = value
  value.map = new Map<unknown, unknown>([
    ['me', value.map],
    [shared, value],
  ])
  const back = roundTrip(value) as { self: unknown; shared: unknown; list: unknown[]; set: Set<unknown> }
  expect(back.self).toBe(back)
  expect(back.list[0]).toBe(back.shared)
  expect(back.set.has(back.shared)).toBe(true)
  expect(difference(back, value)).toBeUndefined()
})

test.each([
  [
    'an array',
    () => {
      const value: unknown[] = []
      value.push(value)
      return value
    },
  ],
  [
    'an object',
    () => {
      const value: Record<string, unknown> = {}
      value.a = value
      return value
    },
  ],
  [
    'a Map',
    () => {
      const value = new Map<unknown, unknown>()
      value.set(value, value)
      return value
    },
  ],
  [
    'a Set',
    () => {
      const value = new Set<unknown>()
      value.add(value)
      return value
    },
  ],
  [
    'an error',
    () => {
      const value = new Error('x')
      value.cause = value
      return value
    },
  ],
  [
    'a sparse array',
    () => {
      const value: unknown[] = []
      value[50_000] = value
      return value
    },
  ],
])('%s that holds itself', (_name, make) => {
  const value = make()
  expect(difference(roundTrip(value), value)).toBeUndefined()
})

test('dates, regular expressions, boxed values, errors and views keep their identity', () => {
  for (const leaf of [
    new Date(0),
    new Date(Number.NaN),
    /x/,
    Object(1),
    new Error('e'),
    new Uint8Array(3),
    new ArrayBuffer(3),
    0n,
  ]) {
    const [first, second] = roundTrip([leaf, leaf])
    expect(second).toBe(first)
  }
})

test('a message in which nothing comes up twice is plain MessagePack', () => {
  const bytes = codec.encode({ a: [1, 'x', null, true], b: { c: 1.5 } })
  expect(Buffer.from(bytes).toString('hex')).toBe('82a1619401a178c0c3a16281a163cb3ff8000000000000')
})

test('many objects, a few of them shared', () => {
  const all = Array.from({ length: 3000 }, (_, index) => ({
    index,
    next: null as unknown,
    text: 'x'.repeat(index % 50),
  }))
  for (const [index, node] of all.entries())
    node.next = index % 10 === 0 ? all[(index * 7) % all.length] : { fresh: index }
  const value = { all, byIndex: new Map(all.map((node) => [node.index, node])) }
  expect(difference(roundTrip(value), value)).toBeUndefined()
})

test('definitions inside of extensions inside of definitions', () => {
  const inner = { inner: true }
  const set = new Set<unknown>([inner])
  const error = new Error('outer', { cause: set })
  const map = new Map<unknown, unknown>([
    [inner, error],
    ['set', set],
    ['error', error],
  ])
  const value = [map, [map, inner], set, error]
  expect(difference(roundTrip(value), value)).toBeUndefined()
})

test('an encoder that has failed half way starts afresh', () => {
  const shared = { a: 1 }
  expect(() => codec.encode([shared, shared, Symbol('x')])).toThrow()
  expect(roundTrip([shared])).toEqual([{ a: 1 }])
  expect(Buffer.from(codec.encode([shared])).toString('hex')).toBe('9181a16101')
})

test('the codec can be called from within: by a getter, and by what a getter calls', () => {
  const value = {
    get inner() {
      const shared = { deep: true }
      return codec.encode({ nested: [shared, shared], value: codec.decode(codec.encode(new Set([1]))) })
    },
    after: { fine: true },
  }
  const back = roundTrip(value)
  expect(back.after).toEqual({ fine: true })
  expect(codec.decode(back.inner)).toEqual({ nested: [{ deep: true }, { deep: true }], value: new Set([1]) })
})
