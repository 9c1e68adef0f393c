import { KlawError } from '../errors.ts'
import type { Encoder } from './encoder.ts'
import { hiddenFields, standardClassOf } from './error-classes.ts'
import { ExtensionType } from './extension-types.ts'
import { writeArrayHeader, writeString } from './write-scalars.ts'

/** What the head holds already, and properties that are derived from it. */
const headKeys: ReadonlySet<string> = new Set(['name', 'message', 'stack'])

/**
 * Writes an error: a head that says what to create, then hidden fields and own properties. Those that cannot be encoded
 * (errors of HTTP clients carry sockets and functions) are left out: a report without them is better than none.
 */
export function writeError(encoder: Encoder, error: Error): void {
  encoder.stepTo('name')
  const name = nameOf(error)
  encoder.stepTo('message')
  const message = String(error.message)
  encoder.stepTo('stack')
  const stack: unknown = error.stack
  encoder.stepTo(undefined)
  const isKlaw = error instanceof KlawError
  encoder.writeNested(ExtensionType.Error, () => {
    const { writer } = encoder
    writeArrayHeader(writer, 3)
    writeArrayHeader(writer, 5)
    writeString(writer, isKlaw ? 'KlawError' : standardClassOf(error).name)
    encoder.writeValue(isKlaw ? error.code : null)
    writeString(writer, name)
    writeString(writer, message)
    encoder.writeValue(typeof stack === 'string' ? stack : null)
    const hidden = hiddenFields.filter((field) => Object.hasOwn(error, field) && !isEnumerable(error, field))
    writeFields(encoder, error, hidden)
    const keys = Object.keys(error).filter((key) => !headKeys.has(key) && !(isKlaw && key === 'code'))
    writeFields(encoder, error, keys)
  })
}

/** The class's name when the error has not been given one: `class NotFound extends Error {}` is called Error by itself. */
function nameOf(error: Error): string {
  const name = String(error.name)
  const standard = standardClassOf(error)
  if (name !== standard.name || standard.name === 'DOMException') return name
  const Class: unknown = error.constructor
  return typeof Class === 'function' && Class.name !== '' ? Class.name : name
}

function isEnumerable(error: Error, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(error, key)
}

/** Writes a map of those properties that can be encoded. */
function writeFields(encoder: Encoder, error: Error, keys: readonly string[]): void {
  const { writer } = encoder
  writer.reserve(5)
  const start = writer.position
  writer.bytes[start] = 0xdf
  writer.position = start + 5
  let written = 0
  for (const key of keys) {
    const encoded = encoder.attempt(() => {
      writeString(writer, key)
      encoder.stepTo(key)
      encoder.writeValue((error as unknown as Record<string, unknown>)[key])
    })
    if (encoded) written++
  }
  writer.view.setUint32(start + 1, written)
}
