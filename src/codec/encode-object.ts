import { writeExtensionHeader } from './binary-layout.ts'
import { builtInOf, mapSize, regExpFlags, regExpSource, setSize, tagOf } from './brands.ts'
import { writeBuffer, writeView } from './encode-binary.ts'
import { writeError } from './encode-error.ts'
import type { Encoder } from './encoder.ts'
import { ExtensionType, Special } from './extension-types.ts'
import { type EncodedHandle, type Handle, handleSymbol } from './handles.ts'
import { KeptCustom } from './kept-custom.ts'
import { MapValueStep, NthStep } from './paths.ts'
import { PyObject } from './py-object.ts'
import { refusalOf } from './refusals.ts'
import type { RegisteredSerializer } from './serializer-registry.ts'
import { writeArrayHeader, writeNumber, writeSpecial, writeString } from './write-scalars.ts'

/** Writes an object that is neither an array nor plain: a handle, a value with a serializer, a built-in, or an instance. */
export function writeObject(encoder: Encoder, value: object, prototype: object): void {
  if (typeof (value as Partial<Handle>)[handleSymbol] === 'function') {
    writeHandle(encoder, value as Handle)
    return
  }
  const serializer = encoder.serializers?.findByPrototype(prototype)
  if (serializer !== undefined) writeCustom(encoder, value, serializer)
  else if (ArrayBuffer.isView(value)) writeView(encoder, value)
  else if (value instanceof PyObject) writePyObject(encoder, value)
  else if (value instanceof KeptCustom) writeCustomData(encoder, value.name, value.data)
  else writeBuiltIn(encoder, value, prototype)
}

function writeBuiltIn(encoder: Encoder, value: object, prototype: object): void {
  switch (builtInOf(value, prototype)) {
    case 'Date':
      writeDate(encoder, Date.prototype.getTime.call(value))
      return
    case 'Map':
      writeMap(encoder, value as Map<unknown, unknown>)
      return
    case 'Set':
      writeSet(encoder, value as Set<unknown>)
      return
    case 'RegExp':
      encoder.writeNested(ExtensionType.RegExp, () => {
        writeArrayHeader(encoder.writer, 2)
        writeString(encoder.writer, regExpSource(value))
        writeString(encoder.writer, regExpFlags(value))
      })
      return
    case 'Error':
      writeError(encoder, value as Error)
      return
    case 'ArrayBuffer':
    case 'SharedArrayBuffer':
      writeBuffer(encoder, value as ArrayBufferLike)
      return
    case 'Number':
      writeBoxed(encoder, Number.prototype.valueOf.call(value))
      return
    case 'String':
      writeBoxed(encoder, String.prototype.valueOf.call(value))
      return
    case 'Boolean':
      writeBoxed(encoder, Boolean.prototype.valueOf.call(value))
      return
    case 'BigInt':
      writeBoxed(encoder, BigInt.prototype.valueOf.call(value))
      return
    case 'Symbol':
      throw encoder.fail('a symbol cannot be sent')
    default: {
      const refusal = refusalOf(value, tagOf(value))
      if (refusal !== undefined) throw encoder.fail(refusal)
      encoder.writeProperties(value as Record<string, unknown>, Object.keys(value))
    }
  }
}

function writeHandle(encoder: Encoder, handle: Handle): void {
  let encoded: EncodedHandle
  try {
    encoded = handle[handleSymbol](encoder.context)
  } catch (thrown) {
    const why = thrown instanceof Error ? `: ${thrown.message}` : ''
    throw encoder.fail(`the handle cannot be sent${why}`, thrown)
  }
  if (encoded.codec !== undefined && encoded.codec !== encoder.codec) {
    throw encoder.fail('a handle of another runtime cannot be sent', new TypeError('it belongs to another runtime'))
  }
  encoder.writeOpaque(ExtensionType.Handle, () => {
    writeArrayHeader(encoder.writer, 2)
    writeNumber(encoder.writer, encoded.kind)
    encoder.writeValue(encoded.body)
  })
}

function writeCustom(encoder: Encoder, value: object, serializer: RegisteredSerializer): void {
  let data: unknown
  try {
    data = serializer.serialize(value)
  } catch (thrown) {
    throw encoder.fail(`the serializer ${JSON.stringify(serializer.name)} threw`, thrown)
  }
  writeCustomData(encoder, serializer.name, data)
}

function writeCustomData(encoder: Encoder, name: string, data: unknown): void {
  encoder.writeOpaque(ExtensionType.Custom, () => {
    writeArrayHeader(encoder.writer, 2)
    writeString(encoder.writer, name)
    encoder.writeValue(data)
  })
}

/** MessagePack's timestamp, in the shortest of its three forms. */
function writeDate(encoder: Encoder, time: number): void {
  const { writer } = encoder
  if (Number.isNaN(time)) {
    writeSpecial(writer, Special.InvalidDate)
    return
  }
  const seconds = Math.floor(time / 1000)
  const nanoseconds = (time - seconds * 1000) * 1_000_000
  const size = seconds < 0 || seconds >= 2 ** 34 ? 12 : nanoseconds !== 0 || seconds >= 2 ** 32 ? 8 : 4
  writeExtensionHeader(writer, ExtensionType.Timestamp, size)
  writer.reserve(size)
  const { view, position } = writer
  if (size === 4) view.setUint32(position, seconds)
  else if (size === 8) {
    view.setUint32(position, nanoseconds * 4 + Math.floor(seconds / 2 ** 32))
    view.setUint32(position + 4, seconds >>> 0)
  } else {
    view.setUint32(position, nanoseconds)
    view.setInt32(position + 4, Math.floor(seconds / 2 ** 32))
    view.setUint32(position + 8, seconds >>> 0)
  }
  writer.position = position + size
}

/** One array: key and value by turns, so that a reader whose keys must be hashable can choose. */
function writeMap(encoder: Encoder, map: Map<unknown, unknown>): void {
  const size = mapSize(map)
  encoder.writeNested(ExtensionType.Map, () => {
    writeArrayHeader(encoder.writer, size * 2)
    let index = 0
    Map.prototype.forEach.call(map, (value, key) => {
      if (!isPrimitive(key)) encoder.stepTo(new NthStep('keys', index))
      encoder.writeValue(key)
      if (!isPrimitive(value)) encoder.stepTo(new MapValueStep(key))
      encoder.writeValue(value)
      index++
    })
    checkUnchanged(encoder, index, size)
  })
}

function writeSet(encoder: Encoder, set: Set<unknown>): void {
  const size = setSize(set)
  encoder.writeNested(ExtensionType.Set, () => {
    writeArrayHeader(encoder.writer, size)
    let index = 0
    Set.prototype.forEach.call(set, (element) => {
      if (!isPrimitive(element)) encoder.stepTo(new NthStep('values', index))
      encoder.writeValue(element)
      index++
    })
    checkUnchanged(encoder, index, size)
  })
}

/** Primitives can always be encoded, so they need no path. */
function isPrimitive(value: unknown): boolean {
  const type = typeof value
  return value === null || (type !== 'object' && type !== 'function' && type !== 'symbol')
}

function checkUnchanged(encoder: Encoder, written: number, size: number): void {
  if (written === size) return
  encoder.stepTo(undefined)
  throw encoder.fail('the collection changed while it was being encoded (by a getter inside?)')
}

function writeBoxed(encoder: Encoder, value: unknown): void {
  encoder.writeNested(ExtensionType.Boxed, () => encoder.writeValue(value))
}

function writePyObject(encoder: Encoder, object: PyObject): void {
  encoder.writeNested(ExtensionType.PyObject, () => {
    writeArrayHeader(encoder.writer, 3)
    writeString(encoder.writer, object.typeName)
    writeString(encoder.writer, object.text)
    encoder.writeValue(object.data)
  })
}
