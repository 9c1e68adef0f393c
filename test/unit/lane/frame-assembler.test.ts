import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameAssembler, largestFrame } from '../../../src/engine/ray/lane/frame-assembler.ts'
import { frameOf, framesOf } from './agent-side.ts'

function assembling() {
  const chunks: Uint8Array[] = []
  const controls: Uint8Array[] = []
  const assembler = new FrameAssembler({
    frames: (bytes) => chunks.push(bytes) > 0,
    control: (bytes) => controls.push(bytes) > 0,
  })
  return { assembler, chunks, controls }
}

const anyFrame = fc
  .tuple(fc.constantFrom(0x01, 0x02, 0x04, 0x10, 0x31, 0x57), fc.integer({ min: 0, max: 60 }), fc.nat(255))
  .map(([type, length, fill]) => frameOf(type, length, fill))

describe('frames', () => {
  test('come out as they went in, however they were cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (frames, sizes) => {
        const { assembler, chunks, controls } = assembling()
        const bytes = new Uint8Array(Buffer.concat(frames))
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const end = start + (sizes[turn % sizes.length] as number)
          assembler.feed(bytes.slice(start, end))
          start = end
        }
        const isControl = (frame: Uint8Array) => (frame[4] as number) < 0x10
        expect(chunks.flatMap(framesOf)).toEqual(frames.filter((frame) => !isControl(frame)).flatMap(framesOf))
        expect(controls.flatMap(framesOf)).toEqual(frames.filter(isControl).flatMap(framesOf))
      }),
    )
  })

  test('that came whole are handed over without a copy, together', () => {
    const { assembler, chunks } = assembling()
    const bytes = new Uint8Array(Buffer.concat([frameOf(0x10), frameOf(0x31, 100), frameOf(0x57, 3)]))
    assembler.feed(bytes)
    expect(chunks).toHaveLength(1)
    expect(chunks[0]).toBe(bytes)
    const cut = new Uint8Array(Buffer.concat([frameOf(0x10), frameOf(0x01, 8), frameOf(0x31, 100), new Uint8Array(3)]))
    assembler.feed(cut)
    expect(chunks).toHaveLength(3)
    expect(chunks.slice(1).every((chunk) => chunk.buffer === cut.buffer)).toBe(true)
  })

  test('of 16 MiB are put together in a buffer of their size; each byte is copied once', () => {
    const { assembler, chunks } = assembling()
    const frame = frameOf(0x53, largestFrame - 12, 7)
    for (let start = 0; start < frame.length; start += 65_536) assembler.feed(frame.slice(start, start + 65_536))
    expect(chunks).toHaveLength(1)
    expect(chunks[0]?.buffer.byteLength).toBe(largestFrame)
    expect(Buffer.compare(chunks[0] as Uint8Array, frame)).toBe(0)
  })

  test('that can not be are refused as soon as their length is there, also byte by byte', () => {
    const tooLong = new Uint8Array(4)
    new DataView(tooLong.buffer).setUint32(0, largestFrame - 3, true)
    const { assembler, chunks } = assembling()
    expect(() => assembler.feed(new Uint8Array(Buffer.concat([frameOf(0x10), tooLong])))).toThrow(
      'at most 16777216 bytes',
    )
    expect(chunks).toHaveLength(1)
    const slow = assembling().assembler
    for (const byte of tooLong.subarray(0, 3)) slow.feed(Uint8Array.of(byte))
    expect(() => slow.feed(tooLong.slice(3))).toThrow('at most 16777216 bytes')
  })

  test('stop as soon as the listener has enough', () => {
    const seen: string[] = []
    const assembler = new FrameAssembler({
      frames: () => seen.push('frames') > 0,
      control: () => {
        seen.push('control')
        return false
      },
    })
    assembler.feed(new Uint8Array(Buffer.concat([frameOf(0x10), frameOf(0x04), frameOf(0x10)])))
    expect(seen).toEqual(['frames', 'control'])
  })
})
