import type { ByteWriter } from './byte-writer.ts'
import { writeString } from './write-scalars.ts'

const slots = 512
/** The longest key of MessagePack's shortest form: a token and 31 bytes. */
const slotWords = 8
const longestKey = slotWords * 4 - 1

/**
 * Writes property names. Those that repeat are copied four bytes at a time instead of character by character.
 * Keys come in the same order again and again, so each slot knows which one followed it last time. The memory is fixed.
 */
export class KeyWriter {
  readonly #texts: (string | undefined)[] = new Array<undefined>(slots).fill(undefined)
  /** Token and characters, big endian, zeros behind. */
  readonly #words = new Uint32Array(slots * slotWords)
  readonly #followers = new Uint16Array(slots + 1)

  /** Where to start before the first key of an object. */
  readonly start = slots

  /** Writes a key and returns its slot, for the next call. `previous` is what the call for the key before it returned. */
  write(writer: ByteWriter, key: string, previous: number): number {
    const guess = this.#followers[previous] as number
    if (this.#texts[guess] === key) {
      this.#copy(writer, guess, key.length)
      return guess
    }
    return this.#writeOther(writer, key, previous)
  }

  #copy(writer: ByteWriter, slot: number, length: number): void {
    writer.reserve(slotWords * 4)
    const { view, position } = writer
    const words = this.#words
    const first = slot * slotWords
    for (let index = 0; index <= length; index += 4) {
      view.setUint32(position + index, words[first + (index >>> 2)] as number)
    }
    writer.position = position + length + 1
  }

  #writeOther(writer: ByteWriter, key: string, previous: number): number {
    const { length } = key
    if (length === 0 || length > longestKey) {
      writeString(writer, key)
      return previous
    }
    let hash = length
    for (let index = 0; index < length; index++) {
      const code = key.charCodeAt(index)
      if (code >= 0x80) {
        writeString(writer, key)
        return previous
      }
      hash = (hash * 31 + code) | 0
    }
    const slot = (hash ^ (hash >>> 9)) & (slots - 1)
    if (this.#texts[slot] !== key) this.#remember(slot, key)
    this.#followers[previous] = slot
    this.#copy(writer, slot, length)
    return slot
  }

  #remember(slot: number, key: string): void {
    const bytes = new Uint8Array(slotWords * 4)
    bytes[0] = 0xa0 | key.length
    for (let index = 0; index < key.length; index++) bytes[index + 1] = key.charCodeAt(index)
    const view = new DataView(bytes.buffer)
    for (let word = 0; word < slotWords; word++) this.#words[slot * slotWords + word] = view.getUint32(word * 4)
    this.#texts[slot] = key
  }
}
