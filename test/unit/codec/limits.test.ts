import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { failure } from './support/failure.ts'

function nest(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

const wraps: [string, (inner: unknown) => unknown][] = [
  ['arrays', (inner) => [inner]],
  ['objects', (inner) => ({ inner })],
  ['Maps', (inner) => new Map([[1, inner]])],
  ['Map keys', (inner) => new Map([[inner, 1]])],
  ['Sets', (inner) => new Set([inner])],
  ['errors', (inner) => new Error('x', { cause: inner })],
]

test.each(wraps)('%s may be nested 512 levels deep, and no deeper', (name, wrap) => {
  const codec = new Codec()
  const deepest = codec.encode(nest(512, wrap))
  codec.decode(deepest)
  if (name === 'errors') {
    // What is too much about an error is left out.
    let depth = 0
    for (let error = codec.decode(codec.encode(nest(600, wrap))); error instanceof Error; error = error.cause) depth++
    expect(depth).toBe(512)
    return
  }
  const error = failure(() => codec.encode(nest(513, wrap)))
  expect(error.message).toContain('nested more than 512 levels deep')
  expect(error.path?.startsWith('value')).toBe(true)
  expect(error.message.length).toBeLessThan(500)
  const permissive = new Codec({ limits: { maxDepth: 600 } })
  expect(failure(() => codec.decode(permissive.encode(nest(513, wrap)))).message).toContain(
    'nested more than 512 levels deep',
  )
})

test('the path of what is nested too deep', () => {
  const codec = new Codec({ limits: { maxDepth: 3 } })
  expect(failure(() => codec.encode({ a: [1, { b: {} }] })).path).toBe('value.a[1].b')
  const bytes = new Codec().encode({ a: [1, { b: {} }] })
  expect(failure(() => codec.decode(bytes)).path).toBe('value.a[1].b')
})

test('a stack that is too small for the nesting is an error, not a crash', () => {
  const codec = new Codec({ limits: { maxDepth: 10_000 } })
  const value = nest(10_000, (inner) => new Map([[1, [inner]]]))
  expect(() => codec.encode(value)).toThrow(/nested|call stack/)
  const bytes = new Uint8Array(10_000).fill(0x91)
  expect(() => codec.decode(bytes)).toThrow(/nested|call stack|too early/)
})

test('a value that is larger than maxBytes names its size and the limit', () => {
  const codec = new Codec({ limits: { maxBytes: 1000 } })
  const fits = new Uint8Array(997)
  expect(codec.decode(codec.encode(fits))).toEqual(fits)
  const error = failure(() => codec.encode(new Uint8Array(998)))
  expect(error.message).toBe('value: the encoded value has 1001 bytes, the limit is 1000 bytes')
  expect(error.path).toBe('value')
  const writer = new ByteWriter()
  writer.writeUint32(1)
  failure(() => codec.encodeInto(writer, 'x'.repeat(5000)))
  expect(writer.position).toBe(4)
})

test('a value that is much larger than maxBytes fails before it takes the memory', () => {
  const codec = new Codec({ limits: { maxBytes: 1000 } })
  const writer = new ByteWriter()
  const error = failure(() =>
    codec.encodeInto(writer, { list: Array.from({ length: 100 }, () => new Uint8Array(1_000_000)) }),
  )
  expect(error.message).toMatch(
    /^value\.list\[0\]: the encoded value needs at least \d+ bytes, the limit is 1000 bytes$/,
  )
  expect(writer.bytes.length).toBeLessThan(600_000)
})

test('bytes beyond maxBytes are not decoded', () => {
  const codec = new Codec({ limits: { maxBytes: 10 } })
  const bytes = new Codec().encode('x'.repeat(20))
  expect(failure(() => codec.decode(bytes)).message).toBe('the value has 21 bytes, the limit is 10 bytes')
})

test.each([0, -1, 1.5, Number.NaN, 10_001, '5' as unknown as number])('maxDepth %s is refused', (maxDepth) => {
  expect(() => new Codec({ limits: { maxDepth } })).toThrow(RangeError)
  expect(() => new Codec({ limits: { maxDepth } })).toThrow(
    `'maxDepth' must be an integer from 1 to 10000, not ${maxDepth}`,
  )
})

test.each([
  [-1, 3],
  [2, 1],
  [0, 4],
  [Number.NaN, 2],
])('decoding from %d to %d of 3 bytes is refused', (start, end) => {
  expect(() => new Codec().decode(new Uint8Array(3), start, end)).toThrow(RangeError)
})
