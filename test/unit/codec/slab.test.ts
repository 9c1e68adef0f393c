import { setFlagsFromString } from 'node:v8'
import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { takeTransfer } from '../../../src/engine/transfer.ts'
import { transfer } from '../../../src/index.ts'
import { failure } from './support/failure.ts'

const slabSize = 32 * 1024

function filled(length: number, byte: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(byte)
}

function decodeAll(codec: Codec, values: readonly Uint8Array[]): Uint8Array<ArrayBuffer>[] {
  return values.map((value) => codec.decode(codec.encode(value)) as Uint8Array<ArrayBuffer>)
}

test('small arrays share memory, and no byte of it', () => {
  const codec = new Codec()
  const sent = Array.from({ length: 500 }, (_, index) => filled(65 + ((index * 37) % 4032), index))
  const received = decodeAll(codec, sent)
  const buffers = new Set(received.map(({ buffer }) => buffer))
  expect(buffers.size).toBeLessThan(50)
  for (const { buffer } of received) expect(buffer.byteLength).toBe(slabSize)
  // Every second one is written to.
  for (const [index, array] of received.entries()) if (index % 2 === 1) array.fill(255)
  for (const [index, array] of received.entries()) {
    const expected = index % 2 === 1 ? filled(array.length, 255) : (sent[index] as Uint8Array)
    expect(Buffer.compare(array, expected), `array ${index}`).toBe(0)
  }
})

test('views of other types fit at the start of each', () => {
  const received = decodeAll(new Codec(), [filled(65, 1), filled(67, 2), filled(80, 3)])
  for (const { buffer, byteOffset } of received) new Float64Array(buffer, byteOffset, 8)
})

test.each([0, 1, 64, 4097, slabSize, 100_000])('an array of %i bytes has memory of its own', (length) => {
  const codec = new Codec()
  const [array] = decodeAll(codec, [filled(length, 7)]) as [Uint8Array]
  expect(array).toEqual(filled(length, 7))
  expect(array.buffer.byteLength).toBe(length)
})

test('what is sent on is the array, not the memory that others share', () => {
  const codec = new Codec()
  const received = decodeAll(codec, [filled(1000, 1), filled(1000, 2)])
  expect(received[0]?.buffer).toBe(received[1]?.buffer)
  const bytes = codec.encode({
    received,
    again: received[0],
    view: new DataView(received[0]?.buffer as ArrayBuffer, 8, 16),
  })
  expect(bytes.length).toBeLessThan(2200)
  const back = codec.decode(bytes) as { received: Uint8Array[]; again: Uint8Array; view: DataView }
  expect(back.received).toEqual(received)
  expect(back.again).toBe(back.received[0])
  expect(back.view.getUint8(0)).toBe(1)
  const error = failure(() => codec.encode({ data: [received[0]?.buffer] }))
  expect(error.path).toBe('value.data[0]')
  expect(error.message).toContain('send the array')
})

test('the memory does not move', () => {
  const codec = new Codec()
  const [first, second] = decodeAll(codec, [filled(100, 1), filled(100, 2)]) as [
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>,
  ]
  const value = { first }
  expect(takeTransfer(transfer(value, [first.buffer]))).toBeUndefined()
  const own = new ArrayBuffer(8)
  expect(takeTransfer(transfer(value, [first.buffer, own]))).toEqual(new Set([own]))
  try {
    structuredClone(first, { transfer: [first.buffer] })
  } catch (error) {
    // Since Node 21; before it is a copy.
    expect((error as Error).name).toBe('DataCloneError')
  }
  expect([first, second]).toEqual([filled(100, 1), filled(100, 2)])
})

test('memory that was taken away all the same is not written to', () => {
  const codec = new Codec()
  const [first] = decodeAll(codec, [filled(100, 1)]) as [Uint8Array<ArrayBuffer>]
  setFlagsFromString('--allow-natives-syntax')
  const detach = new Function('buffer', '%ArrayBufferDetach(buffer)') as (buffer: ArrayBuffer) => void
  setFlagsFromString('--no-allow-natives-syntax')
  detach(first.buffer)
  expect(first.length).toBe(0)
  expect(decodeAll(codec, [filled(100, 2)])).toEqual([filled(100, 2)])
})
