import type { Decoder } from './decoder.ts'
import { arrayBufferCode, type ElementKind, elementKindByCode } from './element-kinds.ts'
import { readArrayHeader, readLength } from './read-parts.ts'

/** Element code, the number of padding bytes, padding, the bytes. */
export function readBinary(decoder: Decoder): ArrayBuffer | ArrayBufferView {
  const head = decoder.skip(2)
  const { bytes, context } = decoder
  const code = bytes[head] as number
  decoder.skip(bytes[head + 1] as number)
  const start = decoder.skipRest()
  const size = decoder.end - start
  if (code === arrayBufferCode) return copy(bytes, start, size)
  const kind = knownKind(decoder, code)
  if (size % kind.size !== 0) throw decoder.fail(`${size} bytes are no whole number of elements of a ${kind.name}`)
  const address = bytes.byteOffset + start
  if (context.borrow === true && address % kind.size === 0) return kind.create(bytes.buffer, address, size / kind.size)
  return kind.create(copy(bytes, start, size), 0, size / kind.size)
}

/** Element code, offset in bytes, length in elements, the buffer. */
export function readView(decoder: Decoder): ArrayBufferView {
  decoder.enter()
  if (readArrayHeader(decoder) !== 4) throw decoder.fail('a view needs a kind, an offset, a length and a buffer')
  const kind = knownKind(decoder, readLength(decoder))
  const byteOffset = readLength(decoder)
  const length = readLength(decoder)
  const buffer = decoder.readValue()
  if (!isBuffer(buffer)) throw decoder.fail('a view needs a buffer')
  if (byteOffset % kind.size !== 0 || byteOffset + length * kind.size > buffer.byteLength) {
    throw decoder.fail(
      `a view of ${length} elements at ${byteOffset} is not within the ${buffer.byteLength} bytes of its buffer`,
    )
  }
  decoder.leave()
  return kind.create(buffer, byteOffset, length)
}

/** A shape, and the view of its elements (the last index changes fastest). */
export function readNdArray(decoder: Decoder): ArrayBufferView {
  decoder.enter()
  if (readArrayHeader(decoder) !== 2) throw decoder.fail('an array with a shape needs a shape and elements')
  const shape: number[] = []
  for (let left = readArrayHeader(decoder); left > 0; left--) shape.push(readLength(decoder))
  const view = decoder.readValue()
  if (!ArrayBuffer.isView(view)) throw decoder.fail('an array with a shape needs elements')
  const elements = shape.reduce((product, size) => product * size, 1)
  const length = (view as { length?: number }).length ?? view.byteLength
  if (elements !== length) throw decoder.fail(`the shape (${shape.join(', ')}) does not fit ${length} elements`)
  decoder.leave()
  return Object.assign(view, { shape })
}

function knownKind(decoder: Decoder, code: number): ElementKind {
  const kind = elementKindByCode(code)
  if (kind === undefined)
    throw decoder.fail(code === 11 ? 'this machine has no Float16Array' : `the element kind ${code} is unknown`)
  return kind
}

/** The value must not hold on to the message, nor to memory that others write. */
function copy(bytes: Uint8Array, start: number, size: number): ArrayBuffer {
  if (bytes.buffer instanceof ArrayBuffer)
    return bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + size)
  const target = new Uint8Array(size)
  target.set(bytes.subarray(start, start + size))
  return target.buffer
}

function isBuffer(value: unknown): value is ArrayBufferLike {
  return value instanceof ArrayBuffer || Object.prototype.toString.call(value) === '[object SharedArrayBuffer]'
}
