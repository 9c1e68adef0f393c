import { expect, test, vi } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { SpareMemory } from '../../../src/engine/ray/spare-memory.ts'

const size = 2 * 1024 * 1024

test('memory that was given back is written to again, and let go after a second of disuse', () => {
  vi.useFakeTimers()
  try {
    const spare = new SpareMemory()
    expect(spare.writer()).toBeUndefined()
    const bytes = new Uint8Array(size)
    spare.giveBack(bytes.subarray(3, 10))
    const writer = spare.writer() as ByteWriter
    expect(writer.bytes.buffer).toBe(bytes.buffer)
    expect(spare.writer()).toBeUndefined()
    vi.advanceTimersByTime(900)
    spare.untouched(writer)
    expect(spare.writer()?.bytes).toHaveLength(size)
    spare.giveBack(bytes)
    vi.advanceTimersByTime(999)
    spare.untouched(spare.writer() as ByteWriter)
    vi.advanceTimersByTime(1)
    expect(spare.writer()).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('what is small is not kept, nor more than 256 MiB', () => {
  const spare = new SpareMemory()
  spare.giveBack(new Uint8Array(1000))
  expect(spare.writer()).toBeUndefined()
  spare.untouched(new ByteWriter())
  expect(spare.writer()).toBeUndefined()
  for (let count = 0; count < 3; count++) spare.giveBack(new Uint8Array(100 * 1024 * 1024))
  expect([spare.writer(), spare.writer(), spare.writer()].map((each) => each !== undefined)).toEqual([
    true,
    true,
    false,
  ])
  spare.giveBack(new Uint8Array(size))
  spare.clear()
  expect(spare.writer()).toBeUndefined()
})
