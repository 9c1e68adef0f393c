import { SerializationError } from '../errors.ts'
import { closeNested, openNested, writeReferenceHeader } from './binary-layout.ts'
import { ByteWriter } from './byte-writer.ts'
import { ExtensionType, Special } from './extension-types.ts'
import { type EncodeContext, handleSymbol } from './handles.ts'
import type { KeyWriter } from './key-writer.ts'
import { formatPath, type PathStep, shortenPath } from './paths.ts'
import { References } from './references.ts'
import type { SerializerRegistry } from './serializer-registry.ts'
import { weave } from './weave.ts'
import {
  writeArrayHeader,
  writeBigInt,
  writeMapHeader,
  writeNumber,
  writeSpecial,
  writeString,
} from './write-scalars.ts'

/** Writes an object that is neither an array nor a plain object. Its identity and depth have been taken care of. */
export type WriteObject = (encoder: Encoder, value: object, prototype: object) => void

export interface EncoderOptions {
  readonly maxDepth: number
  readonly maxBytes: number
  readonly serializers: SerializerRegistry | undefined
  readonly keys: KeyWriter
  readonly writeObject: WriteObject
  /** Whose encoder it is. */
  readonly codec: object
}

const noContext: EncodeContext = {}
/** Its enumerable keys are those that someone has added to Object.prototype. */
const emptyObject = {}

/** Above this an array is searched for holes before it is written, so that a length of four billion is no work. */
const longArray = 1024

/**
 * Writes values as MessagePack, in one pass. An instance is used for one message at a time, again and again.
 * Hot paths first; everything that is not plain data is in `encode-object.ts` and its neighbours.
 */
export class Encoder {
  /** For messages that are not written into a writer of the caller's. */
  readonly scratch = new ByteWriter()
  writer = this.scratch
  context: EncodeContext = noContext
  /** Where the message starts in the writer. */
  origin = 0
  readonly references = new References()
  readonly serializers: SerializerRegistry | undefined
  /** Step n leads from the nth container to what is being written inside it; undefined: nothing yet. */
  readonly #path: (PathStep | undefined)[] = [undefined]
  /** The indexes of objects being written which the other side can only make when it has all that is inside. */
  readonly #opaque: number[] = []
  readonly #woven = new ByteWriter(0)
  readonly #keys: KeyWriter
  readonly #maxDepth: number
  readonly #maxBytes: number
  readonly #writeObject: WriteObject
  #depth = 0
  #rootName = 'value'
  #plainKeysAreOwn = true
  #failure: SerializationError | undefined

  /** Whose encoder it is. */
  readonly codec: object

  constructor(options: EncoderOptions) {
    this.serializers = options.serializers
    this.#maxDepth = options.maxDepth
    this.#maxBytes = options.maxBytes
    this.#keys = options.keys
    this.#writeObject = options.writeObject
    this.codec = options.codec
  }

  /** Appends a value to the writer. On failure the writer and the context are as before. */
  encode(writer: ByteWriter, value: unknown, context: EncodeContext, rootName: string): void {
    const { attachments, handles } = context
    const attached = attachments?.length ?? 0
    const collected = handles?.length ?? 0
    this.writer = writer
    this.context = context
    this.origin = writer.position
    this.#rootName = rootName
    this.#plainKeysAreOwn = hasNoEnumerableKeys(emptyObject)
    const outerLimit = writer.limit
    writer.limit = Math.min(outerLimit, this.origin + this.#maxBytes)
    try {
      this.writeValue(value)
      if (this.references.uses.length > 0) this.#weave()
      const size = writer.position - this.origin
      if (size > this.#maxBytes) throw this.#tooLarge(size)
    } catch (thrown) {
      writer.position = this.origin
      if (attachments !== undefined) attachments.length = attached
      this.#discardHandles(collected)
      throw this.#failureOf(thrown)
    } finally {
      writer.limit = outerLimit
      this.references.clear()
      this.#depth = 0
      if (this.#opaque.length > 0) this.#opaque.length = 0
      this.#failure = undefined
      this.context = noContext
      this.writer = this.scratch
    }
  }

  writeValue(value: unknown): void {
    switch (typeof value) {
      case 'string':
        writeString(this.writer, value)
        return
      case 'number':
        writeNumber(this.writer, value)
        return
      case 'boolean':
        this.writer.writeUint8(value ? 0xc3 : 0xc2)
        return
      case 'object':
        if (value === null) this.writer.writeUint8(0xc0)
        else this.#writeAnyObject(value)
        return
      case 'undefined':
        writeSpecial(this.writer, Special.Undefined)
        return
      case 'bigint':
        writeBigInt(this.writer, value)
        return
      case 'function':
        // An actor handle may be a proxy of a function.
        if (typeof (value as unknown as { [handleSymbol]?: unknown })[handleSymbol] === 'function')
          this.#writeAnyObject(value)
        else throw this.fail(`a function cannot be sent${value.name === '' ? '' : ` (${value.name})`}`)
        return
      default:
        throw this.fail(`a symbol cannot be sent (${String(value)})`)
    }
  }

  /** Writes an extension with values inside. */
  writeNested(type: number, writeInside: () => void): void {
    const start = openNested(this.writer, type)
    writeInside()
    closeNested(this.writer, start)
    this.references.nested.push(start, this.writer.position)
  }

  /** As {@link writeNested}, for the object being written when nothing inside may refer back to it. */
  writeOpaque(type: number, writeInside: () => void): void {
    this.#opaque.push(this.references.count - 1)
    this.writeNested(type, writeInside)
    this.#opaque.pop()
  }

  /** Writes what stands one step further inside the container being written. */
  writeAt(step: PathStep, value: unknown): void {
    this.#path[this.#depth] = step
    this.writeValue(value)
  }

  /** Names the place for what the caller's next step may throw; undefined is the container itself. */
  stepTo(step: PathStep | undefined): void {
    this.#path[this.#depth] = step
  }

  /**
   * Writes something that may turn out not to be encodable. Returns whether it was; if not, everything is as before.
   * Errors use it for their own properties: a report that arrives without one is better than none.
   */
  attempt(write: () => void): boolean {
    const { writer, references } = this
    const { attachments, handles } = this.context
    const start = writer.position
    const depth = this.#depth
    const opaque = this.#opaque.length
    const tracked = references.count
    const attached = attachments?.length ?? 0
    const collected = handles?.length ?? 0
    try {
      write()
      return true
    } catch {
      writer.position = start
      references.rollBack(tracked, start)
      if (attachments !== undefined) attachments.length = attached
      this.#discardHandles(collected)
      this.#depth = depth
      this.#opaque.length = opaque
      this.#failure = undefined
      return false
    }
  }

  /** An error that names the place of what is being written. */
  fail(problem: string, cause?: unknown): SerializationError {
    const steps = this.#path.slice(1, this.#depth + 1).filter((step) => step !== undefined)
    const path = formatPath(this.#rootName, steps)
    const message = `${shortenPath(path)}: ${problem}`
    this.#failure = new SerializationError(message, cause === undefined ? { path } : { path, cause })
    return this.#failure
  }

  /** Writes own enumerable string keys and their values. */
  writeProperties(value: Record<string, unknown>, keys: readonly string[]): void {
    writeMapHeader(this.writer, keys.length)
    const path = this.#path
    const depth = this.#depth
    for (const key of keys) {
      path[depth] = key
      const property = value[key]
      writeString(this.writer, key)
      this.writeValue(property)
    }
  }

  #writeAnyObject(value: object): void {
    const { references, writer } = this
    const index = references.count
    const seen = references.track(value, writer.position)
    if (seen >= 0) {
      this.#writeReference(seen)
      return
    }
    const depth = ++this.#depth
    this.#path[depth] = undefined
    if (depth > this.#maxDepth) throw this.fail(`the value is nested more than ${this.#maxDepth} levels deep`)
    if (Array.isArray(value)) this.#writeArray(value)
    else {
      const prototype = Object.getPrototypeOf(value) as object | null
      if (prototype === Object.prototype || prototype === null) this.#writePlainObject(value as Record<string, unknown>)
      else this.#writeObject(this, value, prototype)
    }
    this.#depth--
    references.ends[index] = writer.position
  }

  #writeReference(index: number): void {
    if (this.#opaque.includes(index)) throw this.fail('a value with a serializer (or a handle) cannot contain itself')
    this.references.uses.push(writeReferenceHeader(this.writer), index)
  }

  #writePlainObject(value: Record<string, unknown>): void {
    if (!this.#plainKeysAreOwn) {
      this.writeProperties(value, Object.keys(value))
      return
    }
    // for-in is twice as fast as Object.keys, even when it runs twice.
    let size = 0
    for (const _ in value) size++
    writeMapHeader(this.writer, size)
    const path = this.#path
    const depth = this.#depth
    const keys = this.#keys
    const { writer } = this
    let slot = keys.start
    for (const key in value) {
      path[depth] = key
      const property = value[key]
      slot = keys.write(writer, key, slot)
      if (typeof property === 'string') keys.writeValue(writer, slot, property)
      else if (typeof property === 'number') writeNumber(writer, property)
      else this.writeValue(property)
      size--
    }
    if (size === 0) return
    this.stepTo(undefined)
    throw this.fail('the object changed while it was being encoded (by a getter of its own?)')
  }

  #writeArray(value: readonly unknown[]): void {
    const { length } = value
    if (length > longArray && isSparse(value)) {
      this.#writeSparseArray(value)
      return
    }
    const { writer } = this
    writeArrayHeader(writer, length)
    const path = this.#path
    const depth = this.#depth
    for (let index = 0; index < length; index++) {
      path[depth] = index
      const element = value[index]
      if (typeof element === 'number') writeNumber(writer, element)
      else if (typeof element === 'string') writeString(writer, element)
      else if (element === undefined && !(index in value)) writeSpecial(writer, Special.Hole)
      else this.writeValue(element)
    }
  }

  /** The length, then index and value by turns. */
  #writeSparseArray(value: readonly unknown[]): void {
    const indexes = Object.keys(value).filter((key) => String(Number(key) >>> 0) === key && Number(key) < value.length)
    this.writeNested(ExtensionType.SparseArray, () => {
      writeArrayHeader(this.writer, 1 + indexes.length * 2)
      writeNumber(this.writer, value.length)
      for (const key of indexes) {
        const index = Number(key)
        writeNumber(this.writer, index)
        this.writeAt(index, value[index])
      }
    })
  }

  #weave(): void {
    this.#woven.reset()
    weave(this.writer, this.origin, this.references, this.#woven)
  }

  #discardHandles(keep: number): void {
    const { handles, discardHandles } = this.context
    if (handles === undefined || handles.length <= keep) return
    const discarded = handles.splice(keep)
    discardHandles?.(discarded)
  }

  #tooLarge(size: number): SerializationError {
    this.#depth = 0
    return this.fail(`the encoded value has ${size} bytes, the limit is ${this.#maxBytes} bytes`)
  }

  /** Gives foreign errors (a getter's, a proxy's, the writer's) the place where they happened. */
  #failureOf(thrown: unknown): SerializationError {
    if (thrown === this.#failure) return this.#failure as SerializationError
    return this.fail(thrown instanceof Error ? thrown.message : `reading the value threw ${String(thrown)}`, thrown)
  }
}

function hasNoEnumerableKeys(object: object): boolean {
  for (const _ in object) return false
  return true
}

/** Whether most of an array is holes. */
function isSparse(array: readonly unknown[]): boolean {
  const { length } = array
  for (let index = 0; index < length; index++) {
    if (array[index] === undefined && !(index in array)) return Object.keys(array).length < length / 4
  }
  return false
}
