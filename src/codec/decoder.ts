import { SerializationError } from '../errors.ts'
import { ExtensionType, Special } from './extension-types.ts'
import type { DecodeContext } from './handles.ts'
import type { KeyCache } from './key-cache.ts'
import { formatPath, type PathStep, shortenPath } from './paths.ts'
import type { Shapes } from './shapes.ts'
import type { Slab } from './slab.ts'
import { readShortAscii, readUtf8 } from './text.ts'
import type { TextMemo } from './text-memo.ts'

/** Reads an extension's payload, from the decoder's position to its end. The decoder checks that all was read. */
export type ReadExtension = (decoder: Decoder, type: number) => unknown

export interface DecoderOptions {
  readonly maxDepth: number
  readonly keys: KeyCache
  readonly shapes: Shapes
  readonly slab: Slab
  readonly readExtension: ReadExtension
}

const noBytes = new Uint8Array(0)
const noContext: DecodeContext = {}
/** Arrays that announce more elements grow as elements are read, so that nested lies cannot add up. */
const trustedLength = 1024
/** Longer strings are read by native code. */
const shortString = 20
/** Reading a double through scratch memory is cheaper than a DataView on the input; reading several is not. */
const scratchedDoubles = 8
const scratch = new Float64Array(1)
const scratchBytes = new Uint8Array(scratch.buffer)
/** Stands in the table for a definition whose value is not there yet. */
const unresolved = Symbol('unresolved')

/**
 * Reads MessagePack. An instance is used for one message at a time, again and again. It trusts no length: each is checked
 * against the bytes that are left before anything is allocated.
 */
export class Decoder {
  bytes: Uint8Array = noBytes
  position = 0
  /** Where reading must stop: the end of the message, or of the extension being read. */
  end = 0
  context: DecodeContext = noContext
  readonly #keys: KeyCache
  readonly #shapes: Shapes
  readonly #slab: Slab
  readonly #maxDepth: number
  readonly #readExtension: ReadExtension
  readonly #path: (PathStep | undefined)[] = [undefined]
  readonly #definitions: unknown[] = []
  /** The definition that the next value belongs to, or -1. */
  #pending = -1
  #depth = 0
  #doubles = 0
  #view: DataView | undefined
  #failure: SerializationError | undefined

  constructor(options: DecoderOptions) {
    this.#keys = options.keys
    this.#shapes = options.shapes
    this.#slab = options.slab
    this.#maxDepth = options.maxDepth
    this.#readExtension = options.readExtension
  }

  /** Reads the one value that stands from `start` to `end`. */
  decode(bytes: Uint8Array, start: number, end: number, context: DecodeContext): unknown {
    this.bytes = bytes
    this.position = start
    this.end = end
    this.context = context
    try {
      const value = this.readValue()
      if (this.position !== end) throw this.fail(`${end - this.position} bytes follow the value`)
      return value
    } catch (thrown) {
      if (thrown === this.#failure) throw thrown
      throw this.fail(thrown instanceof Error ? thrown.message : String(thrown), thrown)
    } finally {
      this.bytes = noBytes
      this.context = noContext
      this.#view = undefined
      this.#failure = undefined
      this.#depth = 0
      this.#doubles = 0
      this.#pending = -1
      if (this.#definitions.length > 0) this.#definitions.length = 0
    }
  }

  readValue(): unknown {
    const { bytes, position } = this
    if (position >= this.end) throw this.truncated()
    const token = bytes[position] as number
    this.position = position + 1
    if (token < 0x80) return token
    if (token < 0x90) return this.#readMap(token & 0x0f)
    if (token < 0xa0) return this.#readArray(token & 0x0f)
    if (token < 0xc0) return this.#readText(token & 0x1f)
    if (token >= 0xe0) return token - 0x100
    switch (token) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.#readBytes(this.readUint(1))
      case 0xc5:
        return this.#readBytes(this.readUint(2))
      case 0xc6:
        return this.#readBytes(this.readUint(4))
      case 0xc7:
        return this.#readExtended(this.readUint(1))
      case 0xc8:
        return this.#readExtended(this.readUint(2))
      case 0xc9:
        return this.#readExtended(this.readUint(4))
      case 0xca:
        return this.#readFloat32()
      case 0xcb:
        return this.#readDouble()
      case 0xcc:
        return this.readUint(1)
      case 0xcd:
        return this.readUint(2)
      case 0xce:
        return this.readUint(4)
      case 0xcf:
        return this.#readInt64(false)
      case 0xd0:
        return (this.readUint(1) << 24) >> 24
      case 0xd1:
        return (this.readUint(2) << 16) >> 16
      case 0xd2:
        return this.readUint(4) | 0
      case 0xd3:
        return this.#readInt64(true)
      case 0xd4:
        return this.#readExtended(1)
      case 0xd5:
        return this.#readExtended(2)
      case 0xd6:
        return this.#readExtended(4)
      case 0xd7:
        return this.#readExtended(8)
      case 0xd8:
        return this.#readExtended(16)
      case 0xd9:
        return this.#readText(this.readUint(1))
      case 0xda:
        return this.#readText(this.readUint(2))
      case 0xdb:
        return this.#readText(this.readUint(4))
      case 0xdc:
        return this.#readArray(this.readUint(2))
      case 0xdd:
        return this.#readArray(this.readUint(4))
      case 0xde:
        return this.#readMap(this.readUint(2))
      case 0xdf:
        return this.#readMap(this.readUint(4))
      default:
        throw this.fail(`0x${token.toString(16)} begins no value`)
    }
  }

  /** Reads what stands one step further inside the container being read. */
  readAt(step: PathStep): unknown {
    this.#path[this.#depth] = step
    return this.readValue()
  }

  /** Enters a container. What is inside may refer to it if it is there already. */
  enter(container?: object): void {
    const depth = ++this.#depth
    this.#path[depth] = undefined
    if (depth > this.#maxDepth) throw this.fail(`the value is nested more than ${this.#maxDepth} levels deep`)
    if (this.#pending < 0) return
    const definition = this.takeDefinition()
    if (container !== undefined) this.resolve(definition, container)
  }

  leave(): void {
    this.#path[this.#depth--] = undefined
  }

  /** The definition that the value being read belongs to, or -1: for {@link resolve}, where {@link enter} comes too early. */
  takeDefinition(): number {
    const pending = this.#pending
    this.#pending = -1
    return pending
  }

  /** Says what a definition's value is. */
  resolve(definition: number, value: unknown): void {
    if (definition >= 0) this.#definitions[definition] = value
  }

  /** Reads the value of a definition, and numbers it. */
  readDefinition(): unknown {
    if (this.#pending >= 0) throw this.fail('a definition stands directly inside another one')
    const definition = this.#definitions.push(unresolved) - 1
    this.#pending = definition
    const value = this.readValue()
    // Anything but a container has not asked for its number.
    if (this.#pending === definition) this.#pending = -1
    this.#definitions[definition] = value
    return value
  }

  definition(index: number): unknown {
    const value = this.#definitions[index]
    if (index >= this.#definitions.length || value === unresolved)
      throw this.fail(`there is no definition ${index} to refer to`)
    return value
  }

  /** Moves past `count` bytes and returns where they start. */
  skip(count: number): number {
    const { position } = this
    if (count > this.end - position) throw this.fail('the bytes end too early')
    this.position = position + count
    return position
  }

  /** Moves past all that may be read now, and returns where it starts. */
  skipRest(): number {
    const { position } = this
    this.position = this.end
    return position
  }

  /** An error that names the place of what is being read. */
  fail(problem: string, cause?: unknown): SerializationError {
    const steps = this.#path.slice(1, this.#depth + 1).filter((step) => step !== undefined)
    const path = formatPath('value', steps)
    const message = `the bytes cannot be decoded: ${shortenPath(path)}: ${problem}`
    this.#failure = new SerializationError(message, cause === undefined ? { path } : { path, cause })
    return this.#failure
  }

  truncated(): SerializationError {
    return this.fail('the bytes end too early')
  }

  #readMap(size: number): unknown {
    if (size * 2 > this.end - this.position) throw this.truncated()
    // What refers to a map from inside needs the object before its values: only there does it have to grow key by key.
    if (size === 0 || size > 15 || this.#pending >= 0) {
      const object = {}
      this.enter(object)
      return this.#readEntries(object, size, this.#keys.start(size))
    }
    this.enter()
    const { bytes, position } = this
    const length = (bytes[position] as number) & 0x1f
    if (((bytes[position] as number) & 0xe0) !== 0xa0 || position + length >= this.end)
      return this.#readEntries({}, size, this.#keys.start(size))
    const keys = this.#keys
    const key = keys.read(bytes, position, length, keys.start(size))
    const slot = keys.slot
    const read = this.#shapes.find(slot, size, key)
    if (read !== undefined) {
      this.position = position + 1 + length
      return read(this, bytes, this.#depth, this.#path)
    }
    const object = this.#readEntries({}, size, keys.start(size))
    if (key !== '__proto__' && !(object instanceof Map)) this.#shapes.saw(slot, object as object)
    return object
  }

  /** @internal For readers of shapes: the map goes on in another way than they know. */
  readRestOfObject(object: Record<string, unknown>, rest: number): unknown {
    return this.#readEntries(object, rest, this.#keys.start(rest))
  }

  /** @internal For readers of shapes: the value of a property whose last short text is in `memo`. */
  readRepeated(memo: TextMemo): unknown {
    const { bytes, position } = this
    const token = bytes[position] as number
    if ((token & 0xe0) !== 0xa0 || !memo.isUseful) return this.readValue()
    const length = token & 0x1f
    if (position + length >= this.end) throw this.truncated()
    this.position = position + 1 + length
    return memo.read(bytes, position, length)
  }

  #readEntries(object: Record<string, unknown>, size: number, start: number): unknown {
    const path = this.#path
    const depth = this.#depth
    const keys = this.#keys
    const { bytes } = this
    let slot = start
    for (let index = 0; index < size; index++) {
      const { position } = this
      const token = bytes[position] as number
      const length = token & 0x1f
      let key: unknown
      if ((token & 0xe0) === 0xa0 && position + length < this.end) {
        this.position = position + 1 + length
        key = keys.read(bytes, position, length, slot)
        slot = keys.slot
      } else key = this.readValue()
      if (typeof key !== 'string') return this.#readRestOfMap(object, size - index, key)
      path[depth] = key
      const value = this.readValue()
      if (key === '__proto__') defineProperty(object, key, value)
      else object[key] = value
    }
    this.leave()
    return object
  }

  /** A map with a key that is no string (from Python) becomes a Map. */
  #readRestOfMap(object: Record<string, unknown>, rest: number, firstKey: unknown): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>(Object.entries(object))
    this.resolve(this.#definitions.indexOf(object), map)
    let key = firstKey
    for (let left = rest; left > 0; left--) {
      map.set(key, this.readValue())
      if (left > 1) key = this.readValue()
    }
    this.leave()
    return map
  }

  #readArray(length: number): unknown[] {
    if (length > this.end - this.position) throw this.truncated()
    const array: unknown[] = length <= trustedLength ? new Array(length) : []
    this.enter(array)
    const path = this.#path
    const depth = this.#depth
    const { bytes } = this
    for (let index = 0; index < length; index++) {
      const { position } = this
      if (bytes[position] === 0xd4 && isHole(bytes, position, this.end)) {
        this.position = position + 3
        if (array.length <= index) array.length = index + 1
        continue
      }
      path[depth] = index
      array[index] = this.readValue()
    }
    this.leave()
    return array
  }

  #readText(length: number): string {
    const { bytes, position } = this
    const next = position + length
    if (next > this.end) throw this.truncated()
    this.position = next
    if (length <= shortString) {
      const text = readShortAscii(bytes, position, length)
      if (text !== undefined) return text
    }
    return readUtf8(bytes, position, next)
  }

  #readBytes(length: number): Uint8Array {
    const start = this.skip(length)
    return this.context.borrow === true
      ? this.bytes.subarray(start, this.position)
      : this.#slab.copy(this.bytes, start, this.position)
  }

  #readExtended(length: number): unknown {
    const start = this.skip(length + 1)
    const type = ((this.bytes[start] as number) << 24) >> 24
    if (type === ExtensionType.Special && length === 1 && this.bytes[start + 1] === Special.Undefined) return undefined
    const outerEnd = this.end
    this.end = this.position
    this.position = start + 1
    const value = this.#readExtension(this, type)
    if (this.position !== this.end)
      throw this.fail(`${this.end - this.position} bytes follow the value of an extension`)
    this.end = outerEnd
    return value
  }

  /** Reads an unsigned integer of that many bytes. */
  readUint(size: 1 | 2 | 4): number {
    const start = this.skip(size)
    const { bytes } = this
    const first = bytes[start] as number
    if (size === 1) return first
    const second = (first << 8) | (bytes[start + 1] as number)
    if (size === 2) return second
    return ((second << 16) | ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number)) >>> 0
  }

  /** A number where it is exact, as Python's larger ints are not. */
  #readInt64(signed: boolean): number | bigint {
    const high = this.readUint(4)
    const low = this.readUint(4)
    const value = (signed ? high | 0 : high) * 2 ** 32 + low
    if (Number.isSafeInteger(value)) return value
    const bits = (BigInt(high) << 32n) | BigInt(low)
    return signed ? BigInt.asIntN(64, bits) : bits
  }

  #readFloat32(): number {
    const start = this.skip(4)
    return this.#dataView().getFloat32(start)
  }

  #readDouble(): number {
    const start = this.skip(8)
    if (this.#view !== undefined || ++this.#doubles > scratchedDoubles) return this.#dataView().getFloat64(start)
    const { bytes } = this
    for (let index = 0; index < 8; index++) scratchBytes[7 - index] = bytes[start + index] as number
    return scratch[0] as number
  }

  #dataView(): DataView {
    const { bytes } = this
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return this.#view
  }
}

/** Sets a key that would mean something else if it were assigned. */
export function defineProperty(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

function isHole(bytes: Uint8Array, position: number, end: number): boolean {
  return position + 2 < end && bytes[position + 1] === ExtensionType.Special && bytes[position + 2] === Special.Hole
}
