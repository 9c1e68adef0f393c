import { readShortAscii, readUtf8 } from './text.ts'

/** The longest text of MessagePack's shortest form. */
const longest = 31
/** After so many texts in a row that were not the one before, nothing is remembered any more. */
const mostMisses = 64

/**
 * Remembers the last short string of one property of one shape. Kinds, units, names of topics: where the same text comes again and again, comparing
 * its bytes is cheaper than making the string.
 */
export class TextMemo {
  readonly #known = new Uint8Array(longest + 1)
  #text = ''
  #misses = 0

  constructor() {
    // No token of a text: nothing is known yet.
    this.#known[0] = 0
  }

  get isUseful(): boolean {
    return this.#misses < mostMisses
  }

  /** Reads the text whose token is at `position`; `length` bytes follow the token. */
  read(bytes: Uint8Array, position: number, length: number): string {
    const known = this.#known
    for (let index = 0; index <= length; index++) {
      if (known[index] !== bytes[position + index]) return this.#replace(bytes, position, length)
    }
    this.#misses = 0
    return this.#text
  }

  #replace(bytes: Uint8Array, position: number, length: number): string {
    this.#misses++
    for (let index = 0; index <= length; index++) this.#known[index] = bytes[position + index] as number
    const start = position + 1
    const text = length <= 16 ? readShortAscii(bytes, start, length) : undefined
    this.#text = text ?? readUtf8(bytes, start, start + length)
    return this.#text
  }
}
