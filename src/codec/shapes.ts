import type { Decoder } from './decoder.ts'
import { TextMemo } from './text-memo.ts'

/** Reads the rest of a map whose first key has been read. A map that goes on in another way is read all the same. */
export type ReadShape = (decoder: Decoder, bytes: Uint8Array, depth: number, path: unknown[]) => unknown

interface Candidate {
  readonly keys: readonly string[]
  /** How often it was read the long way in a row. */
  seen: number
  read: ReadShape | undefined
}

/** A shape that has been seen this often gets a reader of its own. */
const often = 16
/** Readers live as long as the codec: whoever sends ever new shapes gets no more than these. */
const mostReaders = 256
/** The longest key of MessagePack's shortest form, in bytes. */
const longestKey = 31

/**
 * Readers for maps that come again and again with the same keys in the same order. Each is a function made for that shape: it compares
 * the keys' bytes with constants and returns an object literal, which V8 makes several times as fast as an object
 * that grows key by key. Where code may not be made from strings, everything is read the long way.
 */
export class Shapes {
  /** By the slot of the first key in the key cache. */
  readonly #candidates: (Candidate | undefined)[] = []
  #left = mostReaders

  /** The reader for maps of that size whose first key is `key`, as the key cache returned it for that slot. */
  find(slot: number, size: number, key: string): ReadShape | undefined {
    const candidate = this.#candidates[slot]
    // Another key may have taken the slot meanwhile.
    if (candidate === undefined || candidate.keys.length !== size || candidate.keys[0] !== key) return undefined
    return candidate.read
  }

  /** An object was read the long way. */
  saw(slot: number, object: object): void {
    if (this.#left === 0) return
    const keys = Object.keys(object)
    const candidate = this.#candidates[slot]
    if (candidate === undefined || !isSame(candidate.keys, keys)) {
      this.#candidates[slot] = { keys, seen: 1, read: undefined }
    } else if (++candidate.seen === often && keys.every(canBeCompiled)) {
      candidate.read = compile(keys)
      this.#left = candidate.read === undefined ? 0 : this.#left - 1
    }
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index])
}

/** In a literal `__proto__` means something else. */
function canBeCompiled(key: string): boolean {
  return key !== '__proto__' && encoder.encode(key).length <= longestKey
}

const encoder = new TextEncoder()

/** The keys get into the code as JSON only. Undefined where code can not be made from strings. */
function compile(keys: readonly string[]): ReadShape | undefined {
  const names = keys.map((key) => JSON.stringify(key))
  const lines = [
    'let position',
    ...names.flatMap((name, index) => readProperty(names, index, keys[index] as string, name)),
  ]
  const body = [...lines, 'decoder.leave()', `return ${literal(names, keys.length)}`].join('\n')
  try {
    const make = new Function('memos', `return (decoder, bytes, depth, path) => {\n${body}\n}`)
    return make(keys.map(() => new TextMemo())) as ReadShape
  } catch {
    // --disallow-code-generation-from-strings, or a policy of the same meaning.
    return undefined
  }
}

function readProperty(names: readonly string[], index: number, key: string, name: string): string[] {
  const read = [`path[depth] = ${name}`, `const v${index} = decoder.readRepeated(memos[${index}])`]
  if (index === 0) return read
  const text = encoder.encode(key)
  const differs = [0xa0 | text.length, ...text].map((byte, offset) => `bytes[position + ${offset}] !== ${byte}`)
  const end = `position + ${text.length + 1}`
  return [
    'position = decoder.position',
    `if (${end} > decoder.end || ${differs.join(' || ')})`,
    `  return decoder.readRestOfObject(${literal(names, index)}, ${names.length - index})`,
    `decoder.position = ${end}`,
    ...read,
  ]
}

function literal(names: readonly string[], count: number): string {
  return `{ ${names
    .slice(0, count)
    .map((name, index) => `${name}: v${index}`)
    .join(', ')} }`
}
