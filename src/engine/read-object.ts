import type { EncodedValue } from '../wire/token.ts'
import { type ObjectPort, ObjectWaiter } from './object-engine.ts'

/** An object whose value is in this process once it has settled. */
export interface ReadableObject extends ObjectPort {
  /** The value as bytes. Only once it has settled. Throws the object's error. */
  read(): EncodedValue
}

/** The value as bytes, now or when it is there. Throws, or rejects with, the object's error. */
export function readObject(object: ReadableObject): EncodedValue | Promise<EncodedValue> {
  if (object.settled) return object.read()
  return new Promise((resolve, reject) => object.park(new Reading(object, resolve, reject), true))
}

class Reading extends ObjectWaiter {
  readonly #object: ReadableObject
  readonly #resolve: (value: EncodedValue) => void
  readonly #reject: (error: unknown) => void

  constructor(object: ReadableObject, resolve: (value: EncodedValue) => void, reject: (error: unknown) => void) {
    super()
    this.#object = object
    this.#resolve = resolve
    this.#reject = reject
  }

  settled(): void {
    try {
      this.#resolve(this.#object.read())
    } catch (error) {
      this.#reject(error)
    }
  }
}
