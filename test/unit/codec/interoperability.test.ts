import { decode as peerDecode, encode as peerEncode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { difference } from './support/difference.ts'

const codec = new Codec()
const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number', variableMapSize: true })

const wellFormed = fc.string({ unit: 'grapheme' })
const key = wellFormed.filter((text) => text !== '__proto__')
const leaf = fc.oneof(
  fc.constantFrom(null, true, false),
  fc.maxSafeInteger(),
  // @msgpack/msgpack writes -0 as 0.
  fc.double().map((number) => (number === 0 ? 0 : number)),
  wellFormed,
  fc.uint8Array(),
  fc.date({ noInvalidDate: true, min: new Date(-(10 ** 12)), max: new Date(10 ** 14) }),
)

/** What MessagePack has a form for. Peers know neither undefined nor own `__proto__` keys nor lone surrogates. */
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value')),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
  ),
})).value

const runs = { numRuns: 1000 }

test('@msgpack/msgpack reads what we write', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(difference(peerDecode(codec.encode(value)), value)).toBeUndefined()
    }),
    runs,
  )
})

test('we read what @msgpack/msgpack writes', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(difference(codec.decode(peerEncode(value)), value)).toBeUndefined()
    }),
    runs,
  )
})

/** msgpackr gives bytes as Node Buffers. */
function withoutBuffers(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(withoutBuffers)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutBuffers(inner)]))
}

test('msgpackr reads what we write', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(difference(withoutBuffers(packr.unpack(codec.encode(value))), value)).toBeUndefined()
    }),
    runs,
  )
})

test('we read what msgpackr writes', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(difference(codec.decode(packr.pack(value)), value)).toBeUndefined()
    }),
    runs,
  )
})

test('plain values are as short as @msgpack/msgpack writes them', () => {
  fc.assert(
    fc.property(plain, (value) => codec.encode(value).length <= peerEncode(value).length),
    runs,
  )
})
