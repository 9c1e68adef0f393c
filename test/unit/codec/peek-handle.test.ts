import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { type Handle, handleSymbol } from '../../../src/codec/handles.ts'
import { peekHandle } from '../../../src/codec/peek-handle.ts'

class AnyHandle implements Handle {
  readonly #kind: number
  readonly #body: unknown

  constructor(kind: number, body: unknown) {
    this.#kind = kind
    this.#body = body
  }

  [handleSymbol]() {
    return { kind: this.#kind, body: this.#body }
  }
}

const handle = (kind: number, body: unknown) => new AnyHandle(kind, body)

test('the kind of a handle, whatever its body', () => {
  const codec = new Codec()
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 127 }), fc.string({ maxLength: 70_000 }), (kind, body) => {
      const bytes = codec.encode(handle(kind, body))
      expect(peekHandle(bytes, 0)).toBe(kind)
      expect(peekHandle(Buffer.concat([Buffer.alloc(3), bytes]), 3)).toBe(kind)
    }),
  )
})

test('nothing for other values, also those with handles inside, and for any bytes', () => {
  const codec = new Codec()
  for (const value of [1, 'x', [handle(1, 2)], { a: handle(1, 2) }, new Date(0), new Map(), null, undefined]) {
    expect(peekHandle(codec.encode(value), 0)).toBeUndefined()
  }
  expect(peekHandle(new Uint8Array(0), 0)).toBeUndefined()
  expect(peekHandle(Uint8Array.of(0xc7), 0)).toBeUndefined()
})
