import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { PyObject } from '../../../src/codec/py-object.ts'
import { difference } from './support/difference.ts'

const codec = new Codec()

function roundTrip<T>(value: T): T {
  return codec.decode(codec.encode(value)) as T
}

test.each([
  ['null', null],
  ['undefined', undefined],
  ['a property that is undefined', { a: undefined }],
  ['-0', -0],
  ['NaN', Number.NaN],
  ['a string of 31 bytes', 'x'.repeat(31)],
  ['a string of 32 bytes', 'x'.repeat(32)],
  ['a string of 28 characters and 56 bytes', 'é'.repeat(28)],
  ['a string of 256 bytes', 'x'.repeat(256)],
  ['a string of 200 characters and 600 bytes', '€'.repeat(200)],
  ['a string of 65536 bytes', 'x'.repeat(65536)],
  ['a string of a million characters outside of ASCII', '😀'.repeat(500_000)],
  ['a lone surrogate', 'a\ud800b'],
  ['surrogates the wrong way round', '\udc00\ud800'],
  ['a byte order mark', '\ufefftext'],
  ['a key with a lone surrogate', { '\ud800': 1 }],
  ['a key of 100 characters', { ['k'.repeat(100)]: 1 }],
  ['an empty key', { '': 1 }],
  ['the key U+FFFF', { '\uffff': 1 }],
  ['an array of 16', new Array(16).fill(1)],
  ['an array of 70000', new Array(70_000).fill(null)],
  ['an object of 16 keys', Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, index]))],
  ['an object of 70000 keys', Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index]))],
  ['an own __proto__', JSON.parse('{"__proto__": {"polluted": true}}')],
  ['an own constructor', { constructor: Object, toString: 1 }.toString === 1 ? { constructor: 1, toString: 2 } : null],
  [
    'bigints',
    [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n, -(2n ** 4000n), 255n, -256n],
  ],
  [
    'dates',
    [0, -1, 1, 999, 1000, -999, 2 ** 32 * 1000, 2 ** 34 * 1000, 8.64e15, -8.64e15, Number.NaN].map(
      (time) => new Date(time),
    ),
  ],
  ['a RegExp', /a\/[b\u{1f600}]/giu],
  ['boxed primitives', [Object(1), Object('x'), Object(true), Object(5n)]],
  [
    'a Map with object keys',
    new Map<unknown, unknown>([
      [{ a: 1 }, [1]],
      [null, undefined],
      [Number.NaN, -0],
    ]),
  ],
  ['nested collections', new Set([new Map([['a', new Set([new Set()])]])])],
])('%s comes back', (_name, value) => {
  expect(difference(roundTrip(value), value)).toBeUndefined()
})

test('decoding an own __proto__ sets no prototype', () => {
  const value = roundTrip(JSON.parse('{"__proto__": {"polluted": true}}')) as object
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect(Object.keys(value)).toEqual(['__proto__'])
  expect('polluted' in value).toBe(false)
})

test('holes stay holes, in short, long and sparse arrays', () => {
  const short = new Array(4)
  short[1] = 3
  expect(difference(roundTrip(short), short)).toBeUndefined()
  const long = Array.from({ length: 5000 }, (_, index) => index)
  delete long[77]
  delete long[4999]
  expect(difference(roundTrip(long), long)).toBeUndefined()
  const sparse: unknown[] = []
  sparse[4_000_000_000] = { deep: [undefined] }
  expect(codec.encode(sparse).length).toBeLessThan(40)
  const back = roundTrip(sparse)
  expect(back.length).toBe(4_000_000_001)
  expect(Object.keys(back)).toEqual(['4000000000'])
  expect(back[4_000_000_000]).toEqual({ deep: [undefined] })
  expect(codec.encode(new Array(4_000_000_000)).length).toBeLessThan(20)
  const named = Object.assign(new Array(5000), { 4294967295: 'no index', name: 'x', 7: 'seven' })
  expect(roundTrip(named)).toStrictEqual(Object.assign(new Array(5000), { 7: 'seven' }))
})

test('null-prototype objects and class instances arrive as plain objects of their own enumerable properties', () => {
  class Point {
    x = 1
    #secret = 2
    get sum(): number {
      return this.x + this.#secret
    }
  }
  expect(roundTrip(new Point())).toStrictEqual({ x: 1 })
  expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 })
  expect(roundTrip(Object.assign(Object.create({ inherited: 1 }), { own: 2 }))).toStrictEqual({ own: 2 })
  expect(roundTrip(Object.defineProperty({ shown: 1, [Symbol('s')]: 3 }, 'hidden', { value: 2 }))).toStrictEqual({
    shown: 1,
  })
  class Special extends Map<number, number> {
    extra = 1
  }
  expect(difference(roundTrip<unknown>(new Special([[1, 2]])), new Map([[1, 2]]))).toBeUndefined()
  class List extends Array {}
  expect(difference(roundTrip<unknown>(List.from([1, 2])), [1, 2])).toBeUndefined()
})

test('a getter is read once', () => {
  let reads = 0
  const value = {
    get counted() {
      return { read: ++reads }
    },
  }
  const other = { value, again: value }
  expect(roundTrip(other)).toEqual({ value: { counted: { read: 1 } }, again: { counted: { read: 1 } } })
  expect(reads).toBe(1)
})

test('enumerable properties that someone has added to Object.prototype are not sent', () => {
  const prototype = Object.prototype as { pollution?: number }
  prototype.pollution = 1
  try {
    expect(codec.encode({ a: 1 })).toEqual(Uint8Array.of(0x81, 0xa1, 0x61, 1))
  } finally {
    delete prototype.pollution
  }
})

test('objects of another realm are known for what they are', () => {
  const foreign = runInNewContext(`({
    plain: { a: 1 }, array: [1], map: new Map([[1, 2]]), set: new Set([1]), date: new Date(5), regexp: /x/g,
    error: new RangeError('far away'), bytes: new Uint8Array([1, 2]), buffer: new ArrayBuffer(2), boxed: new Number(1),
  })`)
  const { error, ...rest } = roundTrip(foreign)
  expect(
    difference(rest, {
      plain: { a: 1 },
      array: [1],
      map: new Map([[1, 2]]),
      set: new Set([1]),
      date: new Date(5),
      regexp: /x/g,
      bytes: Uint8Array.of(1, 2),
      buffer: new ArrayBuffer(2),
      boxed: Object(1),
    }),
  ).toBeUndefined()
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('RangeError')
})

test('objects that only pretend to be built-ins are sent as what they are', () => {
  expect(roundTrip(Object.create(Map.prototype))).toStrictEqual({})
  expect(roundTrip({ [Symbol.toStringTag]: 'Date', a: 1 })).toStrictEqual({ a: 1 })
  class Response {
    status = 200
    get [Symbol.toStringTag]() {
      return 'Response'
    }
  }
  expect(roundTrip(new Response())).toStrictEqual({ status: 200 })
})

test('a Python object passes through unseen', () => {
  const back = roundTrip(new PyObject('decimal.Context', 'Context(prec=28)', Uint8Array.of(1, 2, 3)))
  expect(back).toBeInstanceOf(PyObject)
  expect(back).toEqual(new PyObject('decimal.Context', 'Context(prec=28)', Uint8Array.of(1, 2, 3)))
  expect(String(back)).toBe('Context(prec=28)')
})

test('bytes from Python: maps with other keys, larger ints, floats, timestamps, local times, decimals, UUIDs', () => {
  const decode = (...bytes: number[]) => codec.decode(Uint8Array.from(bytes))
  expect(decode(0x82, 0x01, 0xa1, 0x61, 0xa1, 0x62, 0x02)).toEqual(
    new Map<unknown, unknown>([
      [1, 'a'],
      ['b', 2],
    ]),
  )
  expect(decode(0x82, 0xa1, 0x62, 0x02, 0x01, 0xa1, 0x61)).toEqual(
    new Map<unknown, unknown>([
      ['b', 2],
      [1, 'a'],
    ]),
  )
  expect(decode(0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(2n ** 64n - 1n)
  expect(decode(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0)).toBe(-(2n ** 63n))
  expect(decode(0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(-1)
  expect(decode(0xca, 0x3f, 0xc0, 0, 0)).toBe(1.5)
  expect(decode(0xd7, 0xff, 0, 0, 0, 4, 0, 0, 0, 1)).toEqual(new Date(1000))
  const text = (type: number, value: string) => decode(0xc7, value.length, type, ...new TextEncoder().encode(value))
  expect(text(33, '2024-01-31T12:00:00')).toBe('2024-01-31T12:00:00')
  expect(text(34, '0.10')).toBe('0.10')
  expect(text(35, '12345678-1234-5678-1234-567812345678')).toBe('12345678-1234-5678-1234-567812345678')
})
