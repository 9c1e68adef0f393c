import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { SerializationError } from '../../../src/errors.ts'

/** As often as it takes until a shape has a reader of its own, and then some. */
const often = 40

describe('maps that come again and again', () => {
  it('are read like the first one', () => {
    const codec = new Codec()
    for (let n = 0; n < often; n++) {
      const reading = { n, kind: n % 3 === 0 ? 'ä' : 'measurement', value: n / 8, inner: { n, list: [n, { n }] } }
      expect(codec.decode(codec.encode(reading))).toEqual(reading)
    }
  })

  it('may differ from what is known at any property', () => {
    const codec = new Codec()
    const usual = { first: 1, second: 'two', third: [3], fourth: 4 }
    const warm = () => {
      for (let n = 0; n < often; n++) codec.decode(codec.encode(usual))
    }
    for (const other of [
      { first: 1, second: 'two', third: [3], fifth: 5 },
      { first: 1, sec: 'two', third: [3], fourth: 4 },
      { first: 1, other: 2, 'a key that is longer than thirty-one bytes': 3, fourth: 4 },
      { second: 'two', first: 1, third: [3], fourth: 4 },
      { first: 1, second: 'two', third: [3], ['__proto__']: 4 },
      { first: 1 },
      {},
    ]) {
      warm()
      const decoded = codec.decode(codec.encode(other)) as object
      expect(decoded).toEqual(other)
      expect(Object.keys(decoded)).toEqual(Object.keys(other))
    }
  })

  it.each([
    ['__proto__', JSON.parse('{ "a": 1, "__proto__": { "polluted": true } }')],
    ['__proto__ first', JSON.parse('{ "__proto__": { "polluted": true }, "a": 1 }')],
    ['constructor', { constructor: 'x', toString: 1 }],
    ['numbers', { 10: 'a', 9: 'b', x: 'c' }],
    ['quotes and line ends', { '"a\\\\': 1, ["'b\u2028\n`$" + '{']: 2 }],
    ['the empty key', { '': 1, a: 2 }],
    ['code', { 'a: v0 }; throw 1; ({ b': 1, c: 2 }],
  ])('may have keys like %s', (_, value) => {
    const codec = new Codec()
    const bytes = codec.encode(value)
    for (let n = 0; n < often; n++) {
      const decoded = codec.decode(bytes) as object
      expect(Object.getOwnPropertyDescriptors(decoded)).toEqual(Object.getOwnPropertyDescriptors(value))
      expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
    }
  })

  it('keep a key that comes twice, as the last value', () => {
    const codec = new Codec()
    const bytes = new Uint8Array([0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2])
    for (let n = 0; n < often; n++) expect(codec.decode(bytes)).toEqual({ a: 2 })
  })

  it('may refer to themselves', () => {
    const codec = new Codec()
    for (let n = 0; n < often; n++) {
      const ring: { n: number; self?: unknown } = { n }
      ring.self = ring
      const decoded = codec.decode(codec.encode(ring)) as { n: number; self: unknown }
      expect(decoded.self).toBe(decoded)
      expect(decoded.n).toBe(n)
      expect(codec.decode(codec.encode({ n, self: 1 }))).toEqual({ n, self: 1 })
    }
  })

  it('are refused with the path to what cannot be read', () => {
    const codec = new Codec()
    const bytes = codec.encode({ user: { name: 'x', avatar: 5 } })
    for (let n = 0; n < often; n++) codec.decode(bytes)
    for (let end = 1; end < bytes.length; end++) {
      expect(() => codec.decode(bytes, 0, end)).toThrow(SerializationError)
    }
    bytes[bytes.length - 1] = 0xc1
    expect(() => codec.decode(bytes)).toThrow('value.user.avatar: 0xc1 begins no value')
  })

  it('are no more deeply nested than allowed', () => {
    const codec = new Codec({ limits: { maxDepth: 3 } })
    for (let n = 0; n < often; n++) codec.decode(codec.encode({ a: { a: { a: 1 } } }))
    expect(() => codec.decode(new Codec().encode({ a: { a: { a: { a: 1 } } } }))).toThrow('more than 3 levels')
  })

  it('need not all be remembered', () => {
    const codec = new Codec()
    for (let shape = 0; shape < 1_000; shape++) {
      const value = { [`key${shape}`]: shape, other: `text ${shape % 7}` }
      const bytes = codec.encode(value)
      for (let n = 0; n < 20; n++) expect(codec.decode(bytes)).toEqual(value)
    }
  })
})

describe('strings that repeat', () => {
  it('are written and read as what they are', () => {
    const texts = fc.oneof(
      fc.constantFrom(
        '',
        'a',
        'kind',
        'boiler-17/in',
        'x'.repeat(31),
        'x'.repeat(32),
        'ä',
        'ü'.repeat(12),
        '\ud800',
        'né',
      ),
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    )
    const record = fc.record({ kind: texts, unit: texts })
    fc.assert(
      fc.property(fc.array(record, { minLength: 20, maxLength: 120 }), (records) => {
        const codec = new Codec()
        const plain = new Codec()
        for (const value of records) {
          const bytes = codec.encode(value)
          expect(bytes).toEqual(new Codec().encode(value))
          expect(codec.decode(bytes)).toEqual(value)
          expect(plain.decode(bytes)).toEqual(value)
        }
      }),
      { numRuns: 60 },
    )
  })
})
