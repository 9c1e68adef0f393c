import type { ByteWriter } from './byte-writer.ts'
import { writeString } from './write-scalars.ts'

const slots = 512
/** The longest key of MessagePack's shortest form: a token and 31 bytes. */
const slotWords = 8
const longestKey = slotWords * 4 - 1
/** A property whose value differs from the one before this often in a row is no longer remembered. */
const mostMisses = 64

/**
 * Writes property names. Those that repeat are copied four bytes at a time instead of character by character.
 * Keys come in the same order again and again, so each slot knows which one followed it last time. The memory is fixed.
 */
export class KeyWriter {
  readonly #texts: (string | undefined)[] = new Array<undefined>(slots).fill(undefined)
  /** Token and characters, big endian, zeros behind. */
  readonly #words = new Uint32Array(slots * slotWords)
  readonly #followers = new Uint16Array(slots + 1)
  /** By the slot of its key: a property's last value if it was short, as text and as bytes. Kinds, units, topics repeat. */
  readonly #values: (string | undefined)[] = new Array<undefined>(slots + 1).fill(undefined)
  readonly #valueWords = new Uint32Array((slots + 1) * slotWords)
  readonly #misses = new Uint8Array(slots + 1)

  /** Where to start before the first key of an object. */
  readonly start = slots

  /** Writes a key and returns its slot, for the next call. `previous` is what the call for the key before it returned. */
  write(writer: ByteWriter, key: string, previous: number): number {
    const guess = this.#followers[previous] as number
    if (this.#texts[guess] === key) {
      copyWords(writer, this.#words, guess, key.length)
      return guess
    }
    return this.#writeOther(writer, key, previous)
  }

  /** Writes a property's string value; `slot` is what {@link write} returned for its key. */
  writeValue(writer: ByteWriter, slot: number, value: string): void {
    if (this.#values[slot] === value) {
      this.#misses[slot] = 0
      copyWords(writer, this.#valueWords, slot, value.length)
      return
    }
    const start = writer.position
    writeString(writer, value)
    // Only ASCII in the shortest form takes a byte a character, and one more.
    const isShort = value.length <= longestKey && writer.position - start === value.length + 1
    if (isShort && (this.#misses[slot] as number) < mostMisses) this.#rememberValue(writer, slot, value, start)
  }

  #rememberValue(writer: ByteWriter, slot: number, value: string, start: number): void {
    this.#misses[slot] = (this.#misses[slot] as number) + 1
    this.#values[slot] = value
    writer.reserve(slotWords * 4)
    const { view } = writer
    const first = slot * slotWords
    for (let index = 0; index <= value.length; index += 4) {
      this.#valueWords[first + (index >>> 2)] = view.getUint32(start + index)
    }
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
    copyWords(writer, this.#words, slot, length)
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

function copyWords(writer: ByteWriter, words: Uint32Array, slot: number, length: number): void {
  writer.reserve(slotWords * 4)
  const { view, position } = writer
  const first = slot * slotWords
  for (let index = 0; index <= length; index += 4) {
    view.setUint32(position + index, words[first + (index >>> 2)] as number)
  }
  writer.position = position + length + 1
}
