import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import type { Codec } from '../../../src/codec/codec.ts'
import { text } from './support/arbitraries.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** The codec as it finds itself on a machine with another Buffer, or none. */
async function codecWith(Buffer: unknown): Promise<Codec> {
  vi.resetModules()
  vi.stubGlobal('Buffer', Buffer)
  const { Codec } = await import('../../../src/codec/codec.ts')
  vi.unstubAllGlobals()
  return new Codec()
}

class Partial extends Uint8Array {}
class Throwing extends Uint8Array {
  utf8Write(): number {
    throw new Error('not on a Uint8Array')
  }
}
class Wrong extends Uint8Array {
  utf8Write(): number {
    return 0
  }
}

test.each([
  ['without a Buffer', undefined],
  ['with a Buffer that lacks the methods', Partial],
  ['with a Buffer whose methods throw', Throwing],
  ['with a Buffer whose methods do something else', Wrong],
])('strings %s', async (_name, Buffer) => {
  const codec = await codecWith(Buffer)
  fc.assert(fc.property(text, (value) => codec.decode(codec.encode(value)) === value))
  for (const value of ['é'.repeat(28), 'x'.repeat(70_000), '€'.repeat(70_000), '\ufeffbom', 'a\ud800']) {
    expect(codec.decode(codec.encode(value))).toBe(value)
  }
  const bytes = codec.encode({ key: 'é'.repeat(50) })
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  expect(codec.decode(shared)).toEqual({ key: 'é'.repeat(50) })
})

test('bytes that are not UTF-8 become replacement characters', async () => {
  const { Codec } = await import('../../../src/codec/codec.ts')
  expect(new Codec().decode(Uint8Array.of(0xa3, 0x61, 0xff, 0x62))).toBe('a\ufffdb')
})

test('property names: those that repeat, that take the place of others, and that are long', async () => {
  const { Codec } = await import('../../../src/codec/codec.ts')
  const codec = new Codec()
  const names = Array.from({ length: 3000 }, (_, index) => `${'k'.repeat(index % 40)}${index}`)
  names.push(
    '',
    'é',
    '__proto__x',
    '\0',
    'a\0',
    '\uffff',
    '31-bytes-long-property-name-xxxx',
    '32-bytes-long-property-name-xxxxx',
  )
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < names.length; index += 7) {
      const value = Object.fromEntries(names.slice(index, index + 9).map((name) => [name, round]))
      expect(codec.decode(codec.encode(value))).toEqual(value)
    }
  }
})
