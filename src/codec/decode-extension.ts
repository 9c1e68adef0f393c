import { readBinary, readNdArray, readView } from './decode-binary.ts'
import { readError } from './decode-error.ts'
import type { Decoder } from './decoder.ts'
import { ExtensionType, Special } from './extension-types.ts'
import type { HandleCodec } from './handles.ts'
import { KeptCustom } from './kept-custom.ts'
import { MapValueStep, NthStep } from './paths.ts'
import { PyObject } from './py-object.ts'
import { readArrayHeader, readLength, readString } from './read-parts.ts'
import type { SerializerRegistry } from './serializer-registry.ts'
import { readUtf8 } from './text.ts'

/** V8's, in bytes. */
const largestBigInt = 2 ** 27

/** Makes the function that reads extensions with these serializers and handles. */
export function extensionReader(
  serializers: SerializerRegistry | undefined,
  handles: HandleCodec | undefined,
): (decoder: Decoder, type: number) => unknown {
  return (decoder, type) => {
    switch (type) {
      case ExtensionType.Timestamp:
        return readTimestamp(decoder)
      case ExtensionType.Special:
        return readSpecial(decoder)
      case ExtensionType.Definition:
        // Two bytes of padding.
        decoder.skip(2)
        return decoder.readDefinition()
      case ExtensionType.Reference:
        return decoder.definition(readUint32(decoder))
      case ExtensionType.BigInt:
        return readBigInt(decoder)
      case ExtensionType.Utf16:
        return readUtf16(decoder)
      case ExtensionType.Map:
        return readMap(decoder)
      case ExtensionType.Set:
        return readSet(decoder)
      case ExtensionType.RegExp:
        return readRegExp(decoder)
      case ExtensionType.Boxed:
        return readBoxed(decoder)
      case ExtensionType.Error:
        return readError(decoder)
      case ExtensionType.Binary:
        return readBinary(decoder)
      case ExtensionType.View:
        return readView(decoder)
      case ExtensionType.Attachment:
        return readAttachment(decoder)
      case ExtensionType.SparseArray:
        return readSparseArray(decoder)
      case ExtensionType.Handle:
        return readHandle(decoder, handles)
      case ExtensionType.Custom:
        return readCustom(decoder, serializers)
      case ExtensionType.NdArray:
        return readNdArray(decoder)
      case ExtensionType.LocalDateTime:
      case ExtensionType.Decimal:
      case ExtensionType.Uuid:
        return readUtf8(decoder.bytes, decoder.skipRest(), decoder.end)
      case ExtensionType.PyObject:
        return readPyObject(decoder)
      default:
        throw decoder.fail(`the extension type ${type} is unknown`)
    }
  }
}

function readInt32(decoder: Decoder, start = decoder.skip(4)): number {
  const { bytes } = decoder
  const high = ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
  const low = ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number)
  return (high << 16) | low
}

function readUint32(decoder: Decoder, start = decoder.skip(4)): number {
  return readInt32(decoder, start) >>> 0
}

/** The milliseconds of a timestamp; what is finer (from Python) is cut off. */
function readTimestamp(decoder: Decoder): Date {
  const size = decoder.end - decoder.position
  let seconds: number
  let nanoseconds = 0
  if (size === 4) seconds = readUint32(decoder)
  else if (size === 8) {
    const high = readUint32(decoder)
    nanoseconds = high >>> 2
    seconds = (high & 3) * 2 ** 32 + readUint32(decoder)
  } else if (size === 12) {
    nanoseconds = readUint32(decoder)
    seconds = readInt32(decoder) * 2 ** 32 + readUint32(decoder)
  } else throw decoder.fail(`a timestamp cannot have ${size} bytes`)
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000))
}

function readSpecial(decoder: Decoder): undefined | Date {
  const which = decoder.bytes[decoder.skip(1)]
  if (which === Special.Undefined) return undefined
  if (which === Special.InvalidDate) return new Date(Number.NaN)
  throw decoder.fail(
    which === Special.Hole ? 'a hole stands outside of an array' : `the special value ${which} is unknown`,
  )
}

function readBigInt(decoder: Decoder): bigint {
  const start = decoder.skipRest()
  const { bytes, end } = decoder
  if (start === end) throw decoder.fail('a bigint without bytes')
  if (end - start > largestBigInt) throw decoder.fail(`a bigint of ${end - start} bytes is larger than any`)
  if (end - start === 8) {
    const high = BigInt(readInt32(decoder, start))
    return (high << 32n) | BigInt(readUint32(decoder, start + 4))
  }
  const digits: string[] = ['0x']
  // Hexadecimal, because that takes time linear in the digits.
  for (let index = start; index < end; index++) digits.push((bytes[index] as number).toString(16).padStart(2, '0'))
  return BigInt.asIntN((end - start) * 8, BigInt(digits.join('')))
}

function readUtf16(decoder: Decoder): string {
  const start = decoder.skipRest()
  const { bytes, end } = decoder
  if ((end - start) % 2 !== 0) throw decoder.fail('half a character is missing')
  let text = ''
  for (let index = start; index < end; index += 2) {
    text += String.fromCharCode((bytes[index] as number) | ((bytes[index + 1] as number) << 8))
  }
  return text
}

function readMap(decoder: Decoder): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  decoder.enter(map)
  const length = readArrayHeader(decoder)
  if (length % 2 !== 0) throw decoder.fail('a Map has a key without a value')
  for (let index = 0; index < length / 2; index++) {
    const key = decoder.readAt(new NthStep('keys', index))
    map.set(key, decoder.readAt(new MapValueStep(key)))
  }
  decoder.leave()
  return map
}

function readSet(decoder: Decoder): Set<unknown> {
  const set = new Set<unknown>()
  decoder.enter(set)
  const length = readArrayHeader(decoder)
  for (let index = 0; index < length; index++) set.add(decoder.readAt(new NthStep('values', index)))
  decoder.leave()
  return set
}

function readRegExp(decoder: Decoder): RegExp {
  decoder.enter()
  if (readArrayHeader(decoder) !== 2) throw decoder.fail('a RegExp needs a source and flags')
  const source = readString(decoder)
  const flags = readString(decoder)
  decoder.leave()
  return new RegExp(source, flags)
}

function readBoxed(decoder: Decoder): object {
  decoder.enter()
  const value = decoder.readValue()
  if (value === null || !['number', 'string', 'boolean', 'bigint'].includes(typeof value))
    throw decoder.fail('only primitives are boxed')
  decoder.leave()
  return Object(value) as object
}

function readAttachment(decoder: Decoder): unknown {
  const index = readUint32(decoder)
  const { attachments } = decoder.context
  if (attachments === undefined || index >= attachments.length)
    throw decoder.fail(`attachment ${index} has not arrived with the bytes`)
  return attachments[index]
}

/** The array must not take memory for its holes, whatever length it announces. */
function readSparseArray(decoder: Decoder): unknown[] {
  const array: unknown[] = []
  decoder.enter(array)
  const count = readArrayHeader(decoder)
  const length = count % 2 === 1 ? readLength(decoder) : -1
  if (length < 0 || length >= 2 ** 32) throw decoder.fail('a sparse array needs a length, and indexes with values')
  // V8 keeps an array that once was this long as a dictionary.
  array.length = 2 ** 32 - 1
  array.length = length
  for (let read = 1; read < count; read += 2) {
    const index = readLength(decoder)
    if (index >= length) throw decoder.fail(`the index ${index} is not within the length ${length}`)
    array[index] = decoder.readAt(index)
  }
  decoder.leave()
  return array
}

function readHandle(decoder: Decoder, handles: HandleCodec | undefined): unknown {
  decoder.enter()
  if (readArrayHeader(decoder) !== 2) throw decoder.fail('a handle needs a kind and a body')
  const kind = readLength(decoder)
  const body = decoder.readValue()
  decoder.leave()
  if (handles === undefined)
    throw decoder.fail('the message holds a ref, an actor handle or a channel end, which only a runtime can receive')
  return handles.decode(kind, body, decoder.context)
}

function readCustom(decoder: Decoder, serializers: SerializerRegistry | undefined): unknown {
  decoder.enter()
  if (readArrayHeader(decoder) !== 2) throw decoder.fail('a serialized value needs a name and data')
  const name = readString(decoder)
  const data = decoder.readValue()
  decoder.leave()
  if (decoder.context.keepCustom === true) return new KeptCustom(name, data)
  const serializer = serializers?.findByName(name)
  if (serializer === undefined) {
    throw decoder.fail(
      `no serializer named ${JSON.stringify(name)} is registered here: both sides need registerSerializer with that name`,
    )
  }
  try {
    return serializer.deserialize(data)
  } catch (thrown) {
    throw decoder.fail(`the deserializer ${JSON.stringify(name)} threw`, thrown)
  }
}

function readPyObject(decoder: Decoder): PyObject {
  decoder.enter()
  if (readArrayHeader(decoder) !== 3) throw decoder.fail('a Python object needs a type, a text and data')
  const typeName = readString(decoder)
  const text = readString(decoder)
  const data = decoder.readValue()
  if (!(data instanceof Uint8Array)) throw decoder.fail('a Python object needs a type, a text and data')
  decoder.leave()
  return new PyObject(typeName, text, data)
}
