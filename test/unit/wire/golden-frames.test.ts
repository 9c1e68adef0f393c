import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { FrameFlag, FrameReader, FrameType } from '../../../src/wire/frame.ts'
import { InvokeFlag, readUint64 } from '../../../src/wire/gateway-frames.ts'
import { readTokens } from '../../../src/wire/sender-stream.ts'
import { type GoldenFrame, goldenFrames } from './golden-frames.ts'

const folder = new URL('../../fixtures/frames/', import.meta.url)
const frames = goldenFrames()
const descriptions = frames.map(({ bytes: _, ...description }) => description)

// The files are the contract with the hub in Python: they change only together with the wire version.
if (process.env.UPDATE_GOLDEN === '1') {
  mkdirSync(folder, { recursive: true })
  for (const { name, bytes } of frames) writeFileSync(new URL(`${name}.bin`, folder), bytes)
  writeFileSync(new URL('frames.json', folder), `${JSON.stringify(descriptions, undefined, 2)}\n`)
}

describe('golden frames', () => {
  test('the folder holds exactly the frames that are described', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.bin'))
    expect(files.sort()).toEqual(frames.map(({ name }) => `${name}.bin`).sort())
    expect(JSON.parse(readFileSync(new URL('frames.json', folder), 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(descriptions)),
    )
  })

  test.each(frames.map((frame) => [frame.name, frame] as const))('%s is written as in its file', (name, frame) => {
    expect(Buffer.from(frame.bytes).toString('hex')).toBe(golden(name).toString('hex'))
  })

  test.each(frames.map((frame) => [frame.name, frame] as const))('%s is read as described', (name, frame) => {
    const reader = new FrameReader()
    reader.open(golden(name), undefined)
    expect(reader.next()).toBe(true)
    expect({ type: reader.type, flags: reader.flags, stream: reader.stream }).toEqual({
      type: frame.type,
      flags: frame.flags,
      stream: frame.stream,
    })
    expect(readFields(reader, frame)).toEqual(frame.fields)
    expect(reader.position).toBe(reader.end)
    expect(reader.next()).toBe(false)
  })

  test('every type of frame outside of calls has a golden file', () => {
    const types = Object.entries(FrameType).filter(([, type]) => type < FrameType.call || type > FrameType.awaiting)
    const covered = new Set(frames.map(({ type }) => type))
    expect(types.filter(([, type]) => !covered.has(type)).map(([name]) => name)).toEqual([])
  })
})

describe('frames that can not be read', () => {
  const whole = golden('send')

  test.each(Array.from({ length: whole.byteLength - 1 }, (_, index) => index + 1))('cut after %i bytes', (length) => {
    const reader = new FrameReader()
    reader.open(whole.subarray(0, length), undefined)
    expect(() => reader.next()).toThrow(RangeError)
  })

  test('a length that is too small, or larger than what is left', () => {
    for (const length of [0, 7, whole.byteLength, 0xffffffff]) {
      const bytes = Uint8Array.from(whole)
      new DataView(bytes.buffer).setUint32(0, length, true)
      const reader = new FrameReader()
      reader.open(bytes, undefined)
      expect(() => reader.next()).toThrow(RangeError)
    }
  })

  test('a token list that announces more than there is', () => {
    const bytes = Uint8Array.from(golden('send-tokens'))
    const reader = new FrameReader()
    new DataView(bytes.buffer).setUint32(24, 0xffffffff, true)
    reader.open(bytes, undefined)
    reader.next()
    reader.position = 24
    expect(() => readTokens(reader)).toThrow('4294967295 tokens')
  })
})

function golden(name: string): Buffer {
  return readFileSync(new URL(`${name}.bin`, folder))
}

function readFields(reader: FrameReader, { type, fields }: GoldenFrame): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  if ('value' in fields) {
    found.value = new Codec().decode(reader.bytes, reader.position, reader.end)
    reader.position = reader.end
    return found
  }
  if (type === FrameType.invoke) return readInvoke(reader)
  if (type === FrameType.release) {
    return { counts: Array.from({ length: reader.u32() }, () => [reader.u32(), reader.u32()]) }
  }
  if ('bytes' in fields) return { bytes: readUint64(reader) }
  if ('state' in fields) return { state: reader.bytes[reader.position++] }
  if ('part' in fields) {
    if ('total' in fields) found.total = readUint64(reader)
    found.part = readHex(reader, reader.end - reader.position)
    return found
  }
  if (!Array.isArray(fields.items)) {
    for (const name of Object.keys(fields)) found[name] = reader.u32()
    return found
  }
  for (const name of type === FrameType.deliver ? ['epoch', 'first'] : ['first']) found[name] = reader.u32()
  const count = reader.u32()
  const lengths = Array.from({ length: count }, () => reader.u32())
  if ((reader.flags & FrameFlag.deliveryCounts) !== 0) {
    found.deliveryCounts = Array.from({ length: count }, () => reader.u32())
  }
  if ((reader.flags & FrameFlag.tokens) !== 0) found.tokens = readTokens(reader)
  found.items = lengths.map((length) => readHex(reader, length))
  return found
}

function readInvoke(reader: FrameReader): Record<string, unknown> {
  const actor = reader.u32()
  const word = reader.u32()
  const found: Record<string, unknown> = { actor, method: word & 0xffff }
  if ((reader.flags & InvokeFlag.named) !== 0) {
    const length = reader.view.getUint16(reader.position, true)
    reader.position += 2
    found.name = Buffer.from(readHex(reader, length), 'hex').toString()
  }
  const lengths = Array.from({ length: word >>> 16 }, () => reader.u32())
  found.args = lengths.map((length) => readHex(reader, length))
  return found
}

function readHex(reader: FrameReader, length: number): string {
  const bytes = reader.bytes.subarray(reader.position, reader.position + length)
  reader.position += length
  return Buffer.from(bytes).toString('hex')
}
