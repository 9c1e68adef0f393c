import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import {
  beginResult,
  CallFlag,
  type CallHeader,
  ResultFlag,
  readCall,
  readResultTokens,
  writeCall,
} from '../../../src/wire/call-frames.ts'
import { beginFrame, endFrame, FrameFlag, FrameReader, FrameType, writeFrame } from '../../../src/wire/frame.ts'
import type { EncodedValue, Token } from '../../../src/wire/token.ts'

const folder = new URL('../../fixtures/call-frames/', import.meta.url)
const codec = new Codec()
const tokens: Token[] = [
  { origin: 1, number: 7 },
  { origin: 3, number: 0xffffffff },
]

/** Every frame of calls, once; the files in test/fixtures/call-frames are made of these. */
const golden: Readonly<Record<string, Uint8Array>> = {
  call: call(5, 12, 3, undefined, [{ bytes: codec.encode(2) }, { bytes: codec.encode({ b: [null] }) }]),
  'call-named': call(6, 12, 4, 'größe', [{ bytes: codec.encode('x') }]),
  'call-without-arguments': call(7, 1, 0, 'get', []),
  'call-with-handles': call(8, 12, 3, undefined, [{ bytes: codec.encode(1), tokens }]),
  'call-with-attachments': call(9, 12, 3, undefined, [
    { bytes: codec.encode(1), attachments: ['a', 'b'] },
    { bytes: codec.encode(2) },
  ]),
  'call-of-a-task': call(10, 0, 1, 'square file:///tasks.mjs', [{ bytes: codec.encode(9) }]),
  result: result(5, 0, undefined, 81),
  'result-with-handles': result(8, 0, tokens, ['handles']),
  'result-error': result(6, FrameFlag.error, undefined, 'what it threw'),
  'result-refused': result(6, FrameFlag.error | ResultFlag.refused, undefined, 'an error of klaw'),
  'result-lost': frame((out) => endFrame(out, beginResult(out, 7, ResultFlag.lost, undefined))),
  'cancel-call': frame((out) => writeFrame(out, FrameType.cancelCall, 0, 5)),
  awaiting: frame((out) => {
    const start = beginFrame(out, FrameType.awaiting, 0, 5)
    codec.encodeInto(out, [{ key: '2.1.5', label: 'Counter.add' }])
    endFrame(out, start)
  }),
}

// The files are the contract with workers in other processes: they change only together with the wire version.
if (process.env.UPDATE_GOLDEN === '1') {
  mkdirSync(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(golden)) writeFileSync(new URL(`${name}.bin`, folder), bytes)
}

describe('golden frames of calls', () => {
  test('the folder holds exactly these', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(golden)
        .map((name) => `${name}.bin`)
        .sort(),
    )
  })

  test.each(Object.keys(golden))('%s is written as in its file', (name) => {
    const file = readFileSync(new URL(`${name}.bin`, folder))
    expect(Buffer.from(golden[name] as Uint8Array).toString('hex')).toBe(file.toString('hex'))
  })
})

describe('a call is read as it was written', () => {
  test('with a name that stands for its number from then on', () => {
    const { header, frame } = read('call-named')
    expect(header).toMatchObject({ slot: 12, method: 4, name: 'größe', count: 1 })
    expect(argumentsOf(header, frame)).toEqual(['x'])
  })

  test('without a name', () => {
    const { header, frame } = read('call')
    expect(header).toMatchObject({ slot: 12, method: 3, name: undefined, count: 2 })
    expect(argumentsOf(header, frame)).toEqual([2, { b: [null] }])
  })

  test('without arguments', () => {
    expect(read('call-without-arguments').header).toMatchObject({ slot: 1, name: 'get', count: 0 })
  })

  test('with what travels beside the bytes', () => {
    expect(read('call-with-handles').frame.flags & CallFlag.tokens).not.toBe(0)
    const { header, frame } = read('call-with-attachments')
    expect(frame.flags & CallFlag.attachments).not.toBe(0)
    const counts = [0, 4].map((offset) => frame.view.getUint32(header.lengths + header.count * 4 + offset, true))
    expect(counts).toEqual([2, 0])
    expect(argumentsOf(header, frame)).toEqual([1, 2])
  })

  test('a name that is too long is refused', () => {
    expect(() => call(1, 1, 0, 'x'.repeat(0x10000), [])).toThrow(RangeError)
  })
})

describe('a result is read as it was written', () => {
  test('with its tokens, or without', () => {
    const frame = open(golden['result-with-handles'] as Uint8Array)
    expect(readResultTokens(frame)).toEqual(tokens)
    expect(codec.decode(frame.bytes, frame.position, frame.end)).toEqual(['handles'])
    const plain = open(golden.result as Uint8Array)
    expect(readResultTokens(plain)).toBeUndefined()
    expect(codec.decode(plain.bytes, plain.position, plain.end)).toBe(81)
  })
})

describe('what is no call', () => {
  const names = Object.keys(golden).filter((name) => name.startsWith('call'))

  test.each(names)('%s with a body cut short is refused', (name) => {
    const whole = golden[name] as Uint8Array
    // The last bytes are a value, which only the codec can tell from a shorter one; the lengths betray it too.
    for (let length = 12; length < whole.byteLength; length++) {
      const bytes = whole.slice(0, length)
      new DataView(bytes.buffer).setUint32(0, length - 4, true)
      const frame = open(bytes)
      expect(() => readCall(frame, emptyHeader())).toThrow(RangeError)
    }
  })

  test('arbitrary bytes are refused, or read within their bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 255 }), (body, flags) => {
        const bytes = frameOf(FrameType.call, flags, body)
        const frame = open(bytes)
        const header = emptyHeader()
        try {
          readCall(frame, header)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          return
        }
        expect(frame.position).toBeLessThanOrEqual(frame.end)
        expect(header.lengths + header.count * 4).toBeLessThanOrEqual(frame.end)
      }),
    )
  })

  test('a token list that announces more than there is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (body) => {
        const frame = open(frameOf(FrameType.result, ResultFlag.tokens, body))
        try {
          expect((readResultTokens(frame) as Token[]).length * 8).toBeLessThanOrEqual(body.byteLength)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})

function call(id: number, slot: number, method: number, name: string | undefined, args: EncodedValue[]): Uint8Array {
  return frame((out) => writeCall(out, id, slot, method, name, args))
}

function result(id: number, flags: number, listed: Token[] | undefined, value: unknown): Uint8Array {
  return frame((out) => {
    const start = beginResult(out, id, flags, listed)
    codec.encodeInto(out, value)
    endFrame(out, start)
  })
}

function frame(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter()
  write(out)
  return out.take()
}

function frameOf(type: number, flags: number, body: Uint8Array): Uint8Array {
  return frame((out) => {
    const start = beginFrame(out, type, flags, 1)
    out.writeBytes(body)
    endFrame(out, start)
  })
}

function open(bytes: Uint8Array): FrameReader {
  const reader = new FrameReader()
  reader.open(bytes, undefined)
  reader.next()
  return reader
}

function read(name: string): { header: CallHeader; frame: FrameReader } {
  const reader = open(golden[name] as Uint8Array)
  const header = emptyHeader()
  readCall(reader, header)
  return { header, frame: reader }
}

function emptyHeader(): CallHeader {
  return { slot: 0, method: 0, name: undefined, count: 0, lengths: 0 }
}

function argumentsOf(header: CallHeader, { view, bytes, position }: FrameReader): unknown[] {
  let start = position
  return Array.from({ length: header.count }, (_, index) => {
    const end = start + view.getUint32(header.lengths + index * 4, true)
    const value = codec.decode(bytes, start, end)
    start = end
    return value
  })
}
