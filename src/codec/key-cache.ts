import { readUtf8 } from './text.ts'

const slots = 512
/** The longest key of MessagePack's shortest form is 31 bytes; the first byte of a slot is the token, which says the length. */
const slotSize = 32

/**
 * Remembers the property names that messages repeat, so that reading one is a comparison of bytes and not a new string.
 *
 * Keys come in the same order again and again: each slot knows which one followed it last time, and that guess is tried
 * before anything is hashed. A key that takes another's slot replaces it, so the memory is fixed.
 */
export class KeyCache {
  readonly #bytes = new Uint8Array(slots * slotSize)
  readonly #texts: string[] = new Array<string>(slots).fill('')
  readonly #followers = new Uint16Array(slots + 16)
  /** The slot of the key that was read last; the caller carries it from key to key. */
  slot = 0

  /** The slot to start from for the first key of a map with `size` entries. */
  start(size: number): number {
    return slots + (size & 15)
  }

  /** Reads the key whose token is at `position`; `length` bytes follow the token. `previous` is the slot before it. */
  read(bytes: Uint8Array, position: number, length: number, previous: number): string {
    const guess = this.#followers[previous] as number
    if (this.#matches(guess, bytes, position, length)) {
      this.slot = guess
      return this.#texts[guess] as string
    }
    let hash = length
    for (let index = position + 1; index <= position + length; index++)
      hash = (hash * 31 + (bytes[index] as number)) | 0
    const slot = (hash ^ (hash >>> 9)) & (slots - 1)
    if (!this.#matches(slot, bytes, position, length)) this.#replace(slot, bytes, position, length)
    this.#followers[previous] = slot
    this.slot = slot
    return this.#texts[slot] as string
  }

  #matches(slot: number, bytes: Uint8Array, position: number, length: number): boolean {
    const known = this.#bytes
    const start = slot * slotSize
    for (let index = 0; index <= length; index++) if (known[start + index] !== bytes[position + index]) return false
    return true
  }

  #replace(slot: number, bytes: Uint8Array, position: number, length: number): void {
    const start = slot * slotSize
    for (let index = 0; index <= length; index++) this.#bytes[start + index] = bytes[position + index] as number
    this.#texts[slot] = readUtf8(bytes, position + 1, position + 1 + length)
  }
}
