import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { SerializationError } from '../../../src/errors.ts'

test('numbers little endian for frames, big endian for MessagePack', () => {
  const writer = new ByteWriter(1)
  writer.writeUint8(1)
  writer.writeUint16(0x0203)
  writer.writeUint32(0x04050607)
  writer.writeUint16BigEndian(0x0203)
  writer.writeUint32BigEndian(0x84050607)
  writer.writeBytes(Uint8Array.of(8, 9))
  expect([...writer.take()]).toEqual([1, 3, 2, 7, 6, 5, 4, 2, 3, 0x84, 5, 6, 7, 8, 9])
})

test('what was written survives growing, and what was taken survives writing on', () => {
  const writer = new ByteWriter(0)
  for (let index = 0; index < 10_000; index++) writer.writeUint32(index)
  const first = writer.take()
  writer.writeUint32(7)
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength)
  for (let index = 0; index < 10_000; index++) expect(view.getUint32(index * 4, true)).toBe(index)
  expect(writer.position).toBe(4)
})

test('a writer gives back a buffer that has become large', () => {
  const writer = new ByteWriter()
  writer.writeBytes(new Uint8Array(1_000_000))
  writer.reset(2_000_000)
  expect(writer.bytes.length).toBeGreaterThanOrEqual(1_000_000)
  writer.reset()
  expect(writer.bytes.length).toBeLessThan(100_000)
  expect(writer.position).toBe(0)
})

test('growing past the limit is refused, and nothing is lost', () => {
  const writer = new ByteWriter(10)
  writer.writeUint8(5)
  writer.limit = 100
  expect(() => writer.reserve(1_000_000)).toThrow(SerializationError)
  expect(() => writer.reserve(1_000_000)).toThrow('needs at least 1000001 bytes, the limit is 100 bytes')
  expect([...writer.take()]).toEqual([5])
})
