import type { Clock } from './clock.ts'
import { Interrupt } from './interrupt.ts'
import type { WaitOptions } from './ports.ts'
import { Waiter } from './waiters.ts'

const ignore = () => {}

/** An operation that has to wait: a place in a list, and the promise that was handed out. */
export abstract class Pending<Value> extends Waiter {
  readonly promise: Promise<Value>
  #resolve!: (value: Value) => void
  #reject!: (error: unknown) => void
  #interrupt: Interrupt | undefined

  constructor() {
    super()
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Leaves whatever line it stands in. */
  abstract leave(): void

  /** What the caller is told when the operation is given up half-way. */
  interrupted(error: unknown): unknown {
    return error
  }

  succeed(value: Value): void {
    this.#interrupt?.clear()
    this.#resolve(value)
  }

  fail(error: unknown): void {
    this.#interrupt?.clear()
    // Somebody who stopped caring about an operation must not be ended by an unhandled rejection once it is refused.
    this.promise.catch(ignore)
    this.#reject(error)
  }

  /** From now on the signal and the timeout can end it. */
  interruptBy(options: WaitOptions | undefined, clock: Clock, operation: string): void {
    if (options === undefined) return
    this.#interrupt = new Interrupt(options, clock, operation, (error) => {
      this.leave()
      this.fail(this.interrupted(error))
    })
  }
}
