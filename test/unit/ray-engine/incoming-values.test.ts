import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { IncomingValues } from '../../../src/engine/ray/incoming-values.ts'
import { beginFrame, endFrame, FrameFlag, FrameReader, FrameType } from '../../../src/wire/frame.ts'
import { writeUint64 } from '../../../src/wire/gateway-frames.ts'

const value = Uint8Array.from({ length: 1000 }, (_, index) => index)

/** The frame that holds a part of the value. */
function frameOf(start: number, end: number): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter()
  const begin = beginFrame(out, FrameType.value, end < value.length ? FrameFlag.more : 0, 7)
  if (start === 0) writeUint64(out, value.length)
  out.writeBytes(value.subarray(start, end))
  endFrame(out, begin)
  return out.take()
}

function read(bytes: Uint8Array): FrameReader {
  const reader = new FrameReader()
  reader.open(bytes, undefined)
  reader.next()
  return reader
}

describe('a value that arrives in frames', () => {
  test('has them put together where they belong, with headers over what has come before', () => {
    const incoming = new IncomingValues()
    expect(incoming.land(7, 100)).toBeUndefined()
    expect(incoming.take(read(frameOf(0, 300)))).toEqual({ t: 'part', bytes: 300, total: 1000 })
    for (const [start, end] of [
      [300, 700],
      [700, 1000],
    ] as const) {
      const frame = frameOf(start, end)
      const place = incoming.land(7, frame.length) as Uint8Array
      expect(place).toHaveLength(frame.length)
      place.set(frame)
      const taken = incoming.take(read(place))
      if (end < 1000) expect(taken).toEqual({ t: 'part', bytes: end, total: 1000 })
      else expect(taken).toEqual({ t: 'whole', value: { bytes: value, start: 0, end: 1000 } })
      if (taken.t === 'whole') expect(taken.value.bytes.buffer).toBe(place.buffer)
    }
    expect(incoming.isArriving(7)).toBe(false)
  })

  test('has no place for frames that do not fit, or that come before as much as a header', () => {
    const incoming = new IncomingValues()
    incoming.take(read(frameOf(0, 5)))
    expect(incoming.land(7, 112)).toBeUndefined()
    incoming.take(read(frameOf(5, 100)))
    expect(incoming.land(7, 12 + 901)).toBeUndefined()
    expect(incoming.land(7, 12 + 900)).toHaveLength(912)
    expect(incoming.land(8, 100)).toBeUndefined()
  })

  test('takes frames that came elsewhere all the same', () => {
    const incoming = new IncomingValues()
    incoming.take(read(frameOf(0, 300)))
    expect(incoming.take(read(frameOf(300, 1000)))).toMatchObject({ t: 'whole', value: { bytes: value } })
  })
})
