import { ByteWriter } from '../../../codec/byte-writer.ts'
import { SerializationError } from '../../../errors.ts'
import { opcode } from './pickle-opcodes.ts'
import { PyCall, PyFloat, PyGlobal, PySequence, PyTuple } from './pickle-values.ts'

/** Deeper nesting is refused: Python's own unpickler takes more, its users' stacks do not. */
const maxDepth = 500
/** Bytes. */
const roomForTheRest = 64

/**
 * Pickles a value by protocol 4, which every Python that Ray supports reads.
 *
 * `null` is None; a safe integer or a bigint an int, any other number a float; a `Uint8Array` is bytes, an array a list, a `Map` or a
 * plain object a dict; the classes of `pickle-values.ts` stand for the rest. An object that occurs twice is one object in Python, too.
 *
 * @throws {SerializationError} for anything else, for lone surrogates, and for nesting that is too deep
 */
export function pickle(value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new PickleWriter()
  return writer.write(value)
}

class PickleWriter {
  readonly #out = new ByteWriter(256)
  readonly #memo = new Map<object, number>()
  #memoized = 0
  #depth = 0

  write(value: unknown): Uint8Array<ArrayBuffer> {
    this.#out.writeUint8(opcode.PROTO)
    this.#out.writeUint8(4)
    this.#value(value)
    this.#out.writeUint8(opcode.STOP)
    return this.#out.take()
  }

  #value(value: unknown): void {
    if (value === null) this.#out.writeUint8(opcode.NONE)
    else if (typeof value === 'boolean') this.#out.writeUint8(value ? opcode.NEWTRUE : opcode.NEWFALSE)
    else if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'bigint') this.#integer(value)
    else if (typeof value === 'string') this.#text(value)
    else if (typeof value === 'object') this.#object(value)
    else throw new SerializationError(`cannot pickle a value of type ${typeof value}`)
  }

  #object(value: object): void {
    const known = this.#memo.get(value)
    if (known !== undefined) {
      this.#get(known)
      return
    }
    if (this.#depth >= maxDepth) throw new SerializationError(`cannot pickle more than ${maxDepth} levels of nesting`)
    this.#depth += 1
    if (value instanceof Uint8Array) this.#bytes(value)
    else if (value instanceof PyFloat) this.#float(value.value)
    else if (value instanceof PyTuple) this.#tuple(value.items, value)
    else if (value instanceof PyGlobal) this.#global(value)
    else if (value instanceof PyCall) this.#call(value)
    else if (value instanceof PySequence) this.#sequence(value)
    else if (Array.isArray(value)) this.#list(value)
    else if (value instanceof Map) this.#dict(value, value)
    else if (isPlain(value)) this.#dict(value, Object.entries(value))
    else throw new SerializationError(`cannot pickle an object of class ${value.constructor?.name ?? 'unknown'}`)
    this.#depth -= 1
  }

  #number(value: number): void {
    // The sign of -0 is lost in an int; and past 2 ** 53 a number is not known to be whole.
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) this.#float(value)
    else if (value >= 0 && value < 256) {
      this.#out.writeUint8(opcode.BININT1)
      this.#out.writeUint8(value)
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.#out.writeUint8(opcode.BININT)
      this.#out.writeUint32(value >>> 0)
    } else this.#integer(BigInt(value))
  }

  #float(value: number): void {
    this.#out.writeUint8(opcode.BINFLOAT)
    this.#out.reserve(8)
    this.#out.view.setFloat64(this.#out.position, value)
    this.#out.position += 8
  }

  /** Two's complement, little endian, as many bytes as it takes. */
  #integer(value: bigint): void {
    const magnitude = value < 0n ? -value - 1n : value
    // One bit more than the magnitude has, for the sign.
    const length = Math.floor((magnitude === 0n ? 0 : magnitude.toString(2).length) / 8) + 1
    const hex = BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0')
    const bytes = Buffer.from(hex, 'hex').reverse()
    if (length < 256) {
      this.#out.writeUint8(opcode.LONG1)
      this.#out.writeUint8(length)
    } else {
      this.#out.writeUint8(opcode.LONG4)
      this.#out.writeUint32(length)
    }
    this.#out.writeBytes(bytes)
  }

  #text(value: string): void {
    const bytes = Buffer.from(value, 'utf8')
    if (bytes.includes('\ufffd') && bytes.toString('utf8') !== value) {
      throw new SerializationError('cannot pickle a string with a lone surrogate')
    }
    this.#counted(bytes, opcode.SHORT_BINUNICODE, opcode.BINUNICODE, opcode.BINUNICODE8)
  }

  #bytes(value: Uint8Array): void {
    this.#counted(value, opcode.SHORT_BINBYTES, opcode.BINBYTES, opcode.BINBYTES8)
    this.#memoize(value)
  }

  #counted(bytes: Uint8Array, short: number, medium: number, long: number): void {
    if (bytes.length < 256) {
      this.#out.writeUint8(short)
      this.#out.writeUint8(bytes.length)
    } else if (bytes.length < 2 ** 32) {
      this.#out.writeUint8(medium)
      this.#out.writeUint32(bytes.length)
    } else {
      this.#out.writeUint8(long)
      this.#out.writeUint32(bytes.length % 2 ** 32)
      this.#out.writeUint32(Math.floor(bytes.length / 2 ** 32))
    }
    // What follows is mostly a few opcodes, for which much must not be copied once more.
    this.#out.reserve(bytes.length + roomForTheRest)
    this.#out.writeBytes(bytes)
  }

  #tuple(items: readonly unknown[], memoized: object | undefined): void {
    const short = [opcode.EMPTY_TUPLE, opcode.TUPLE1, opcode.TUPLE2, opcode.TUPLE3][items.length]
    if (short === undefined) this.#out.writeUint8(opcode.MARK)
    for (const item of items) this.#value(item)
    this.#out.writeUint8(short ?? opcode.TUPLE)
    if (memoized !== undefined) this.#memoize(memoized)
  }

  #list(items: readonly unknown[]): void {
    this.#out.writeUint8(opcode.EMPTY_LIST)
    this.#memoize(items)
    if (items.length === 0) return
    this.#out.writeUint8(opcode.MARK)
    for (const item of items) this.#value(item)
    this.#out.writeUint8(opcode.APPENDS)
  }

  #dict(value: object, entries: Iterable<[unknown, unknown]>): void {
    this.#out.writeUint8(opcode.EMPTY_DICT)
    this.#memoize(value)
    this.#out.writeUint8(opcode.MARK)
    for (const [key, item] of entries) {
      this.#value(key)
      this.#value(item)
    }
    this.#out.writeUint8(opcode.SETITEMS)
  }

  #global(value: PyGlobal): void {
    this.#text(value.module)
    this.#text(value.name)
    this.#out.writeUint8(opcode.STACK_GLOBAL)
    this.#memoize(value)
  }

  #call(value: PyCall): void {
    this.#value(value.callable)
    this.#tuple(value.args, undefined)
    this.#out.writeUint8(opcode.REDUCE)
    this.#memoize(value)
  }

  #sequence(value: PySequence): void {
    this.#value(value.effect)
    this.#out.writeUint8(opcode.POP)
    this.#value(value.result)
    this.#memoize(value)
  }

  #memoize(value: object): void {
    this.#memo.set(value, this.#memoized)
    this.#memoized += 1
    this.#out.writeUint8(opcode.MEMOIZE)
  }

  #get(index: number): void {
    if (index < 256) {
      this.#out.writeUint8(opcode.BINGET)
      this.#out.writeUint8(index)
    } else {
      this.#out.writeUint8(opcode.LONG_BINGET)
      this.#out.writeUint32(index)
    }
  }
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
