import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import { SerializationError } from '../../../src/errors.ts'
import { graphWithErrors, tree } from './support/arbitraries.ts'
import { failure } from './support/failure.ts'

class Thing {
  readonly data: unknown

  constructor(data: unknown) {
    this.data = data
  }
}

const serializers = new SerializerRegistry()
serializers.registerSerializer(Thing, {
  name: 'T',
  serialize: ({ data }) => data,
  deserialize: (data) => new Thing(data),
})
const codec = new Codec({ serializers, handles: { decode: (kind, body) => ({ kind, body }) } })

/** Decodes anything: a value or a `SerializationError`, quickly. */
function survive(bytes: Uint8Array): void {
  const start = performance.now()
  try {
    codec.decode(bytes, 0, bytes.length, { attachments: [new SharedArrayBuffer(8), 'no buffer'] })
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SerializationError)
  }
  // Bytes of this size take microseconds; a loop over an announced length would take minutes.
  expect(performance.now() - start).toBeLessThan(2000)
}

const runs = { numRuns: 3000 }

test('random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survive(bytes)),
    runs,
  )
})

/** Bytes that look like MessagePack more often than random ones. */
const plausible = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        0x81,
        0x82,
        0x91,
        0x92,
        0x93,
        0xa1,
        0xc0,
        0xc4,
        0xc7,
        0xc8,
        0xc9,
        0xd4,
        0xd6,
        0xd7,
        0xd9,
        0xdc,
        0xdd,
        0xde,
        0xdf,
      ),
      fc.nat({ max: 40 }),
      fc.nat({ max: 255 }),
    ),
    { maxLength: 100 },
  )
  .map((bytes) => Uint8Array.from(bytes))

test('bytes that look like tokens', () => {
  fc.assert(
    fc.property(plausible, (bytes) => survive(bytes)),
    runs,
  )
})

test('every extension type with any payload', () => {
  const payload = fc.oneof(fc.uint8Array({ maxLength: 40 }), plausible)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), payload, (type, bytes) => {
      survive(Uint8Array.of(0xc7, bytes.length, type, ...bytes))
      survive(Uint8Array.of(0xc9, 0, 0, 0, bytes.length + 8, 1, 0, 0, 0xc7, bytes.length, type, ...bytes))
    }),
    runs,
  )
})

const encoded = fc.oneof(tree, graphWithErrors).map((value) => codec.encode(value))

test('valid bytes, cut short: always refused', () => {
  fc.assert(
    fc.property(encoded, fc.double({ min: 0, max: 0.999, noNaN: true }), (bytes, part) => {
      failure(() => codec.decode(bytes, 0, Math.floor(bytes.length * part)))
    }),
    { numRuns: 1000 },
  )
})

test('valid bytes with bytes behind: always refused', () => {
  fc.assert(
    fc.property(encoded, fc.uint8Array({ minLength: 1, maxLength: 4 }), (bytes, more) => {
      const error = failure(() => codec.decode(Uint8Array.of(...bytes, ...more)))
      expect(error.message).toContain(`${more.length} bytes follow the value`)
    }),
    { numRuns: 300 },
  )
})

test('valid bytes with bits flipped', () => {
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(encoded, flips, (bytes, places) => {
      const flipped = bytes.slice()
      for (const [place, bit] of places) flipped[place % flipped.length]! ^= 1 << bit
      survive(flipped)
    }),
    runs,
  )
})

test('the codec works on after garbage', () => {
  failure(() => codec.decode(Uint8Array.of(0xc9, 0, 0, 0, 9, 1, 0, 0, 0x92, 0xc1)))
  failure(() => codec.decode(Uint8Array.of(0x91, 0xd6, 2, 0, 0, 0, 0)))
  expect(codec.decode(codec.encode({ a: [1] }))).toEqual({ a: [1] })
})

const lies: [string, number[]][] = [
  ['a string', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]],
  ['bytes', [0xc6, 0x7f, 0xff, 0xff, 0xff, 0x61]],
  ['an array', [0xdd, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['a map', [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61, 0x01]],
  ['an extension', [0xc9, 0xff, 0xff, 0xff, 0xff, 0x03, 0x01]],
  ['a map of as many keys as there are bytes', [0x83, 0xa1, 0x61, 0x01, 0xa1]],
  ['a definition inside', [0xc9, 0, 0, 0, 12, 1, 0, 0, 0xc9, 0, 0, 1, 0, 1, 0, 0, 0xc0]],
  ['the elements of a Set', [0xc9, 0, 0, 0, 5, 6, 0xdd, 0, 0xff, 0xff, 0xff]],
]

test.each(lies)('%s that announces more than there is', (_name, bytes) => {
  expect(failure(() => codec.decode(Uint8Array.from(bytes))).message).toMatch(
    /the bytes end too early|follow the value/,
  )
})

test('nested lies do not add up: memory stays in proportion to the input', () => {
  // 500 arrays inside each other; each announces as many elements as there are bytes left.
  const bytes = new Uint8Array(4_000_000)
  const view = new DataView(bytes.buffer)
  for (let level = 0, position = 0; level < 500; level++, position += 5) {
    bytes[position] = 0xdd
    view.setUint32(position + 1, bytes.length - position - 5)
  }
  bytes[2500] = 0xc1
  const before = process.memoryUsage().heapUsed
  failure(() => codec.decode(bytes))
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000)
})

test('a sparse array may announce any length without taking memory for it', () => {
  const before = process.memoryUsage().heapUsed
  const arrays: unknown[] = []
  for (const length of [0x00ff_ffff, 0x01ff_ffff, 0x0fff_ffff]) {
    for (let times = 0; times < 10; times++) {
      const bytes = [
        0xdd,
        0,
        0,
        0,
        3,
        0xce,
        length >>> 24,
        (length >>> 16) & 255,
        (length >>> 8) & 255,
        length & 255,
        5,
        0xc3,
      ]
      arrays.push(codec.decode(Uint8Array.of(0xc7, bytes.length, 13, ...bytes)))
    }
  }
  expect(arrays.every((array) => (array as unknown[])[5] === true)).toBe(true)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
})

const malformed: [string, number[], string][] = [
  ['no bytes', [], 'the bytes end too early'],
  ['the token that MessagePack never uses', [0xc1], '0xc1 begins no value'],
  ['an unknown extension', [0xd4, 99, 0], 'the extension type 99 is unknown'],
  ['an unknown special value', [0xd4, 0, 99], 'the special value 99 is unknown'],
  ['a hole outside of an array', [0x81, 0xa1, 0x61, 0xd4, 0, 1], 'value.a: a hole stands outside of an array'],
  ['a reference to nothing', [0xd6, 2, 0, 0, 0, 5], 'there is no definition 5 to refer to'],
  [
    'a definition that is itself',
    [0xc9, 0, 0, 0, 8, 1, 0, 0, 0xd6, 2, 0, 0, 0, 0],
    'there is no definition 0 to refer to',
  ],
  [
    'a definition of a definition',
    [0xc9, 0, 0, 0, 11, 1, 0, 0, 0xc9, 0, 0, 0, 3, 1, 0, 0, 0xc0],
    'directly inside another one',
  ],
  ['an extension longer than its value', [0xc7, 3, 8, 1, 0xc0, 0xc0], '2 bytes follow the value of an extension'],
  ['a bigint without bytes', [0xc7, 0, 3], 'a bigint without bytes'],
  ['half a UTF-16 unit', [0xd4, 4, 1], 'half a character'],
  ['a Map with an odd key', [0xc7, 2, 5, 0x91, 1], 'a key without a value'],
  ['a RegExp that is none', [0xc7, 4, 7, 0x92, 0xa1, 0x28, 0xa0], 'Invalid regular expression'],
  ['a RegExp without flags', [0xc7, 3, 7, 0x91, 0xa1, 0x61], 'a source and flags'],
  ['a boxed null', [0xd4, 8, 0xc0], 'only primitives are boxed'],
  ['a timestamp of 3 bytes', [0xc7, 3, 0xff, 1, 2, 3], 'a timestamp cannot have 3 bytes'],
  ['a typed array of half an element', [0xc7, 5, 10, 13, 0, 1, 2, 3], '3 bytes are no whole number of elements'],
  ['an unknown kind of elements', [0xc7, 3, 10, 77, 0, 1], 'the element kind 77 is unknown'],
  ['padding beyond the end', [0xc7, 3, 10, 2, 9, 1], 'the bytes end too early'],
  ['a view of nothing', [0xc7, 5, 11, 0x94, 2, 0, 1, 0xc0], 'a view needs a buffer'],
  [
    'a view beyond its buffer',
    [0xc7, 9, 11, 0x94, 2, 1, 2, 0xd5, 10, 0, 0, 0],
    'is not within the 0 bytes of its buffer',
  ],
  ['an attachment that is not there', [0xd6, 12, 0, 0, 0, 9], 'attachment 9 has not arrived'],
  ['an attachment that is no buffer', [0xc7, 10, 11, 0x94, 2, 0, 1, 0xd6, 12, 0, 0, 0, 1], 'a view needs a buffer'],
  ['a shape that does not fit', [0xc7, 6, 32, 0x92, 0x91, 5, 0xc4, 1, 7], 'the shape (5) does not fit 1 elements'],
  ['an index outside of a sparse array', [0xc7, 4, 13, 0x93, 3, 3, 0xc0], 'the index 3 is not within the length 3'],
  [
    'a sparse array longer than any',
    [0xc7, 10, 13, 0x91, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0],
    'a sparse array needs a length',
  ],
  ['an error without a head', [0xc7, 3, 9, 0x92, 0x90, 0x80], 'an error needs a head'],
]

test.each(malformed)('%s', (_name, bytes, message) => {
  const error = failure(() => codec.decode(Uint8Array.from(bytes), 0, bytes.length, { attachments: [1, 'no buffer'] }))
  expect(error.message).toContain(message)
  expect(error.message).toContain('the bytes cannot be decoded')
})

test('the path of what cannot be decoded', () => {
  const bytes = new Codec().encode({ user: [1, new Map([['k', new Set([1, /x/])]])] })
  // The RegExp's flags become a number.
  bytes[bytes.length - 1] = 5
  expect(failure(() => codec.decode(bytes)).path).toBe('value.user[1].get("k").values()[1]')
})
