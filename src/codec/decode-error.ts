import { KlawError } from '../errors.ts'
import { type Decoder, defineProperty } from './decoder.ts'
import { type ErrorClass, klawErrorsByCode, standardErrors } from './error-classes.ts'
import { readArrayHeader, readMapHeader, readString } from './read-parts.ts'

/** A head that says what to create, hidden fields, own properties. */
export function readError(decoder: Decoder): Error {
  const definition = decoder.takeDefinition()
  decoder.enter()
  if (readArrayHeader(decoder) !== 3 || readArrayHeader(decoder) !== 5)
    throw decoder.fail('an error needs a head and two maps')
  const className = readString(decoder)
  const code = decoder.readValue()
  const name = readString(decoder)
  const message = readString(decoder)
  const stack = decoder.readValue()
  const error = create(className, code, name, message)
  // From here on fields may refer to the error.
  decoder.resolve(definition, error)
  if (error.name !== name) hide(error, 'name', name)
  // Assigned, since that keeps the property hidden and is three times as fast as defining it.
  error.stack = typeof stack === 'string' ? stack : `${name}: ${message}`
  for (let left = readMapHeader(decoder); left > 0; left--) {
    const key = readString(decoder)
    hide(error, key, decoder.readAt(key))
  }
  for (let left = readMapHeader(decoder); left > 0; left--) {
    const key = readString(decoder)
    defineProperty(error, key, decoder.readAt(key))
  }
  decoder.leave()
  return error
}

function create(className: string, code: unknown, name: string, message: string): Error {
  if (className === 'DOMException' && standardErrors.has(className)) return new DOMException(message, name)
  // No class's own constructor: they want arguments that they make a message of. A real Error has a stack and prints as one.
  const error = message === '' ? new Error() : new Error(message)
  if (className === 'KlawError') {
    const Class = klawErrorsByCode.get(String(code)) ?? KlawError
    Object.setPrototypeOf(error, Class.prototype)
    hide(error, 'name', name)
    defineProperty(error, 'code', code)
    return error
  }
  const { prototype } = (standardErrors.get(className) ?? standardErrors.get('Error')) as ErrorClass
  if (prototype !== Error.prototype) Object.setPrototypeOf(error, prototype)
  return error
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true })
}
