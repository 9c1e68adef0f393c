import type { OutcomeWaiter, Waitable } from '../../core/waitable.ts'
import { WaiterList } from '../../core/waiters.ts'
import { done, type Success } from '../../result.ts'

/** Something that happens once, for which any number can wait, and stop waiting. */
export class Ending implements Waitable<Success<void>> {
  readonly #waiters = new WaiterList<OutcomeWaiter<Success<void>>>()
  #isOver = false

  /** Now it has happened. */
  reach(): void {
    this.#isOver = true
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) waiter.settle(done)
  }

  ready(): boolean {
    return this.#isOver
  }

  take(): Success<void> {
    return done
  }

  park(waiter: OutcomeWaiter<Success<void>>): void {
    this.#waiters.push(waiter)
  }

  unpark(waiter: OutcomeWaiter<Success<void>>): void {
    this.#waiters.remove(waiter)
  }
}
