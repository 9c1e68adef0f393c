import type { ErrorCode, KlawError } from '../errors.ts'
import * as klawErrors from '../errors.ts'

/** A class of errors as both sides know it. */
export interface ErrorClass {
  readonly name: string
  readonly prototype: Error
}

const standardNames = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'SuppressedError',
  'DOMException',
] as const

/** Those of the standard classes that this machine has (SuppressedError is newer than Node 20). */
export const standardErrors: ReadonlyMap<string, ErrorClass> = new Map(
  standardNames.flatMap((name) => {
    const Class = (globalThis as Record<string, unknown>)[name] as { prototype: Error } | undefined
    return Class === undefined ? [] : [[name, { name, prototype: Class.prototype }]]
  }),
)

/** Every class of klaw's own family, by code. */
export const klawErrorsByCode: ReadonlyMap<string, typeof KlawError> = new Map(
  Object.values(klawErrors).map((Class) => [Class.code satisfies ErrorCode, Class as unknown as typeof KlawError]),
)

/** The nearest standard class that an error is an instance of. */
export function standardClassOf(error: Error): ErrorClass {
  let prototype = Object.getPrototypeOf(error) as object | null
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
    for (const Class of standardErrors.values()) if (Class.prototype === prototype) return Class
  }
  return standardErrors.get('Error') as ErrorClass
}

/** What an error keeps in own properties that are not enumerable, beside `message` and `stack`. */
export const hiddenFields = ['cause', 'errors', 'error', 'suppressed'] as const
