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
    land: () => undefined,
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

  test('that are large are put together where the listener wants it, which is asked once it has seen what came before', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1 }), fc.boolean(), (sizes, direct) => {
        const frames = [frameOf(0x53, 70_000, 1), frameOf(0x10, 5, 2), frameOf(0x53, 100_000, 3), frameOf(0x57, 0)]
        const seen: Uint8Array[] = []
        const places: { readonly before: number; readonly place: Uint8Array }[] = []
        const assembler = new FrameAssembler({
          frames: (bytes) => seen.push(...framesOf(bytes).map(() => bytes)) > 0,
          control: () => true,
          land: (type, stream, length) => {
            expect([type, stream]).toEqual([0x53, 0])
            const place = new Uint8Array(length + 8).subarray(8)
            places.push({ before: seen.length, place })
            return place
          },
        })
        const bytes = new Uint8Array(Buffer.concat(frames))
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const piece = bytes.slice(start, start + (sizes[turn % sizes.length] as number))
          const room = direct ? assembler.room() : undefined
          if (room === undefined) {
            assembler.feed(piece)
            start += piece.length
          } else {
            const taken = piece.subarray(0, room.length)
            room.set(taken)
            assembler.filled(taken.length)
            start += taken.length
          }
        }
        expect(seen).toHaveLength(4)
        for (const { before, place } of places) {
          expect(seen[before]).toBe(place)
          expect(Buffer.compare(place, frames[before] as Uint8Array)).toBe(0)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('stop as soon as the listener has enough', () => {
    const seen: string[] = []
    const assembler = new FrameAssembler({
      frames: () => seen.push('frames') > 0,
      control: () => {
        seen.push('control')
        return false
      },
      land: () => undefined,
    })
    assembler.feed(new Uint8Array(Buffer.concat([frameOf(0x10), frameOf(0x04), frameOf(0x10)])))
    expect(seen).toEqual(['frames', 'control'])
  })
})
