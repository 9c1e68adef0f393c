import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { difference } from './support/difference.ts'
import { failure } from './support/failure.ts'

const codec = new Codec()

function roundTrip<T>(value: T): T {
  return codec.decode(codec.encode(value)) as T
}

const views = [
  new Uint8Array(100).fill(1),
  new Uint8ClampedArray([1, 2]),
  new Int8Array([-1]),
  new Uint16Array([1, 65535]),
  new Int16Array([-2]),
  new Uint32Array([4294967295]),
  new Int32Array([-3]),
  new BigUint64Array([2n ** 64n - 1n]),
  new BigInt64Array([-(2n ** 63n)]),
  new Float32Array([1.5, Number.NaN, -0]),
  new Float64Array(300).fill(Math.PI),
  new Float64Array(8200).fill(1),
  new DataView(new ArrayBuffer(5), 1, 3),
  new Float64Array(0),
]

test.each(views.map((view) => [view.constructor.name, view.byteLength, view]))(
  '%s of %i bytes',
  (_name, _bytes, view) => {
    expect(difference(roundTrip(view), view)).toBeUndefined()
    // Whatever stands before it and however it is aligned.
    for (let before = 0; before < 9; before++) {
      const value = ['x'.repeat(before), view]
      expect(difference(roundTrip(value), value)).toBeUndefined()
    }
  },
)

test('what is decoded is a copy', () => {
  const bytes = codec.encode({ bytes: Uint8Array.of(1, 2, 3), numbers: Float64Array.of(1), buffer: new ArrayBuffer(2) })
  const first = codec.decode(bytes) as { bytes: Uint8Array; numbers: Float64Array; buffer: ArrayBuffer }
  const before = bytes.slice()
  first.bytes.fill(9)
  first.numbers.fill(9)
  new Uint8Array(first.buffer).fill(9)
  expect(bytes).toEqual(before)
  expect(first.bytes.buffer.byteLength).toBe(3)
  bytes.fill(0)
  expect(first.bytes).toEqual(Uint8Array.of(9, 9, 9))
})

test('a Node Buffer as input gives copies as well', () => {
  const bytes = Buffer.from(codec.encode([Uint8Array.of(1, 2, 3)]))
  const [decoded] = codec.decode(bytes) as [Uint8Array]
  decoded.fill(9)
  expect([...bytes]).toEqual([0x91, 0xc4, 3, 1, 2, 3])
  expect(decoded.constructor).toBe(Uint8Array)
})

test('borrowing gives views on the input, where they are aligned', () => {
  const bytes = codec.encode([1, Float64Array.of(1, 2), 'abc', Float64Array.of(3), Uint8Array.of(7)])
  const borrowed = codec.decode(bytes, 0, bytes.length, { borrow: true }) as [
    number,
    Float64Array,
    string,
    Float64Array,
    Uint8Array,
  ]
  expect(borrowed[1].buffer).toBe(bytes.buffer)
  expect(borrowed[3].buffer).toBe(bytes.buffer)
  expect(borrowed[4].buffer).toBe(bytes.buffer)
  expect(borrowed[1]).toEqual(Float64Array.of(1, 2))
  // One byte further nothing is aligned any more, but bytes.
  const moved = new Uint8Array(bytes.length + 1)
  moved.set(bytes, 1)
  const copied = codec.decode(moved, 1, moved.length, { borrow: true }) as typeof borrowed
  expect(copied[1]).toEqual(Float64Array.of(1, 2))
  expect(copied[1].buffer).not.toBe(moved.buffer)
  expect(copied[4].buffer).toBe(moved.buffer)
})

test('borrowing works where identity made the encoder rewrite the message', () => {
  const shared = { a: 1 }
  const bytes = codec.encode([shared, shared, Float64Array.of(1, 2)])
  const [, , numbers] = codec.decode(bytes, 0, bytes.length, { borrow: true }) as [unknown, unknown, Float64Array]
  expect(numbers).toEqual(Float64Array.of(1, 2))
  expect(numbers.buffer).toBe(bytes.buffer)
})

test('borrowing from shared memory gives views on it', () => {
  const encoded = codec.encode(Float64Array.of(1, 2))
  const shared = new Uint8Array(new SharedArrayBuffer(encoded.length))
  shared.set(encoded)
  const borrowed = codec.decode(shared, 0, shared.length, { borrow: true }) as Float64Array
  expect(borrowed.buffer).toBe(shared.buffer)
  const copied = codec.decode(shared) as Float64Array
  expect(copied.buffer).toBeInstanceOf(ArrayBuffer)
  expect(copied).toEqual(Float64Array.of(1, 2))
  const bytes = codec.encode([new ArrayBuffer(3), Uint8Array.of(1), 'é'.repeat(50)])
  const sharedBytes = new Uint8Array(new SharedArrayBuffer(bytes.length))
  sharedBytes.set(bytes)
  expect(codec.decode(sharedBytes)).toEqual([new ArrayBuffer(3), Uint8Array.of(1), 'é'.repeat(50)])
})

test('a view of a large buffer sends its own bytes only', () => {
  const large = new Uint8Array(1_000_000)
  expect(codec.encode(large.subarray(5, 15)).length).toBe(12)
  expect(codec.encode([new Float64Array(large.buffer, 8, 1), large.length]).length).toBeLessThan(30)
})

test('views of one buffer share a buffer on the other side too', () => {
  const buffer = new ArrayBuffer(32)
  const value = {
    first: new Uint8Array(buffer, 4, 8),
    numbers: [new Float64Array(buffer, 8, 2)],
    buffer,
    view: new DataView(buffer),
    again: null as unknown,
  }
  value.again = value.first
  new Uint8Array(buffer).forEach((_, index, bytes) => {
    bytes[index] = index
  })
  const back = roundTrip(value)
  expect(difference(back, value)).toBeUndefined()
  expect(back.first.buffer).toBe(back.buffer)
  expect(back.numbers[0]?.buffer).toBe(back.buffer)
  expect(back.view.buffer).toBe(back.buffer)
  expect(back.again).toBe(back.first)
  back.first[4] = 99
  expect(new Uint8Array(back.buffer)[8]).toBe(99)
})

test('a buffer before its views is shared too, and views in nested extensions', () => {
  const buffer = new ArrayBuffer(8)
  const value = new Map<string, unknown>([
    ['buffer', buffer],
    ['set', new Set([new Uint8Array(buffer, 0, 4)])],
    ['error', new Error('with a view', { cause: new Uint16Array(buffer) })],
  ])
  expect(difference(roundTrip(value), value)).toBeUndefined()
  const back = roundTrip(value)
  const [inside] = back.get('set') as Set<Uint8Array>
  expect(inside?.buffer).toBe(back.get('buffer'))
})

test("Node Buffers are bytes of their own: their pool's buffer is nobody's business", () => {
  const value = [Buffer.from('one'), Buffer.from('two')]
  expect(value[0]?.buffer).toBe(value[1]?.buffer)
  const bytes = codec.encode(value)
  expect(bytes.length).toBe(11)
  expect(codec.decode(bytes)).toEqual([Uint8Array.from(Buffer.from('one')), Uint8Array.from(Buffer.from('two'))])
})

test('SharedArrayBuffers go beside the bytes and stay shared', () => {
  const shared = new SharedArrayBuffer(16)
  const value = { view: new Int32Array(shared, 4, 2), shared, other: new Uint8Array(new SharedArrayBuffer(1)) }
  const attachments: unknown[] = []
  const bytes = codec.encode(value, { attachments })
  expect(attachments).toEqual([shared, value.other.buffer])
  const back = codec.decode(bytes, 0, bytes.length, { attachments }) as typeof value
  expect(back.shared).toBe(shared)
  expect(back.view.buffer).toBe(shared)
  expect([back.view.byteOffset, back.view.length]).toEqual([4, 2])
  expect(failure(() => codec.decode(bytes)).message).toContain('attachment 0 has not arrived')
})

test('where nothing can go beside the bytes a SharedArrayBuffer is refused, with its path', () => {
  const value = { data: [1, new Uint8Array(new SharedArrayBuffer(4))] }
  expect(failure(() => codec.encode(value)).path).toBe('value.data[1]')
  expect(failure(() => codec.encode({ a: new SharedArrayBuffer(1) })).path).toBe('value.a')
})

test('buffers that were marked move instead of being copied', () => {
  const moved = new ArrayBuffer(1024)
  const copied = new ArrayBuffer(8)
  const value = { a: new Uint8Array(moved), b: new DataView(moved, 8), moved, copied }
  const attachments: unknown[] = []
  const bytes = codec.encode(value, { attachments, transfer: new Set([moved]) })
  expect(attachments).toEqual([moved])
  expect(attachments[0]).toBe(moved)
  expect(bytes.length).toBeLessThan(200)
  const back = codec.decode(bytes, 0, bytes.length, { attachments }) as typeof value
  expect(back.a.buffer).toBe(moved)
  expect(back.b.byteOffset).toBe(8)
  expect(back.copied).not.toBe(copied)
  // Without attachments a marked buffer is copied.
  expect(codec.decode(codec.encode(value, { transfer: new Set([moved]) }))).toEqual(value)
})

test('a failed encoding leaves no attachments behind', () => {
  const attachments: unknown[] = ['earlier']
  failure(() => codec.encode([new SharedArrayBuffer(1), () => 1], { attachments }))
  expect(attachments).toEqual(['earlier'])
})

test('a buffer that was transferred away is refused', () => {
  const buffer = new ArrayBuffer(8)
  const view = new Uint8Array(buffer)
  structuredClone(buffer, { transfer: [buffer] })
  expect(failure(() => codec.encode({ view })).path).toBe('value.view')
  expect(failure(() => codec.encode([buffer])).message).toContain('transferred away')
  expect(roundTrip(new ArrayBuffer(0)).byteLength).toBe(0)
})

test('an array with a shape keeps it', () => {
  const matrix = Object.assign(Float64Array.of(1, 2, 3, 4, 5, 6), { shape: [2, 3] })
  const back = roundTrip(matrix)
  expect(back).toBeInstanceOf(Float64Array)
  expect(back.shape).toEqual([2, 3])
  expect([...back]).toEqual([1, 2, 3, 4, 5, 6])
  // A shape that does not fit is no shape.
  expect(roundTrip(Object.assign(Uint8Array.of(1, 2), { shape: [3] }))).not.toHaveProperty('shape')
  expect(roundTrip(Object.assign(Uint8Array.of(5), { shape: [] })).shape).toEqual([])
})

test('a large value is handed over, a small one copied out', () => {
  const writer = new ByteWriter()
  writer.writeBytes(new Uint8Array(100_000).fill(7))
  const large = writer.take()
  writer.writeUint8(1)
  expect(large.length).toBe(100_000)
  expect(large.every((byte) => byte === 7)).toBe(true)
  expect(writer.take()).toEqual(Uint8Array.of(1))
})
