import { Pending } from '../../core/pending.ts'
import type { Connection } from '../../wire/connection.ts'

/** A waiting operation that keeps the event loop alive until it settles. */
export abstract class Held<Value> extends Pending<Value> {
  readonly #connection: Connection

  constructor(connection: Connection) {
    super()
    this.#connection = connection
    connection.hold()
  }

  override succeed(value: Value): void {
    this.#connection.release()
    super.succeed(value)
  }

  override fail(error: unknown): void {
    this.#connection.release()
    super.fail(error)
  }
}

/** Keeps the event loop alive until `promise` settles. */
export function holding<Value>(connection: Connection, promise: Promise<Value>): Promise<Value> {
  connection.hold()
  return promise.finally(() => connection.release())
}
