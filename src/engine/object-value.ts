import { type ObjectPort, ObjectWaiter } from './object-engine.ts'

/** A fresh copy of the object's value, now or when it is there. */
export function objectValue(object: ObjectPort): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (object.fetched) resolve(object.value())
    else object.park(new ValueWaiter(resolve, reject), true)
  })
}

class ValueWaiter extends ObjectWaiter {
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void

  constructor(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    super()
    this.#resolve = resolve
    this.#reject = reject
  }

  settled(object: ObjectPort): void {
    try {
      this.#resolve(object.value())
    } catch (error) {
      this.#reject(error)
    }
  }
}
