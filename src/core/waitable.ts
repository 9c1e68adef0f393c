import type { Result } from '../result.ts'
import type { Clock } from './clock.ts'
import { timedOut } from './interrupt.ts'
import { Pending } from './pending.ts'
import type { WaitOptions } from './ports.ts'
import type { SelectSource } from './select.ts'
import { Waiter } from './waiters.ts'

/** Waits for one outcome. `settle` is called at most once, synchronously, after the waiter has left the line. */
export interface OutcomeWaiter<Outcome> extends Waiter {
  settle(outcome: Outcome): void
}

/** Something of which an outcome can be taken, now or later. */
export interface Waitable<Outcome> {
  ready(): boolean
  /** Only while `ready()`. */
  take(): Outcome
  /** Only while not `ready()`. */
  park(waiter: OutcomeWaiter<Outcome>): void
  unpark(waiter: OutcomeWaiter<Outcome>): void
}

/** Takes the outcome as soon as it is there: its value, or its error as a rejection. */
export function waitFor<Value, Failure>(
  waitable: Waitable<Result<Value, Failure>>,
  options: WaitOptions | undefined,
  clock: Clock,
  operation: string,
): Promise<Value> {
  if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
  if (waitable.ready()) {
    const outcome = waitable.take()
    return outcome.ok ? Promise.resolve(outcome.value) : Promise.reject(outcome.error)
  }
  if (options?.timeout === 0) return Promise.reject(timedOut(operation, 0))
  const waiter = new WaitingOutcome(waitable)
  waiter.interruptBy(options, clock, operation)
  waitable.park(waiter)
  return waiter.promise
}

/** The same as a case for `select`. */
export function sourceOf<Outcome>(waitable: Waitable<Outcome>): SelectSource<Outcome> {
  return {
    ready: () => waitable.ready(),
    take: () => waitable.take(),
    park: (win) => {
      if (waitable.ready()) {
        win(waitable.take())
        return () => {}
      }
      const waiter = new SelectedOutcome(win)
      waitable.park(waiter)
      return () => waitable.unpark(waiter)
    },
  }
}

class WaitingOutcome<Value, Failure> extends Pending<Value> implements OutcomeWaiter<Result<Value, Failure>> {
  readonly #waitable: Waitable<Result<Value, Failure>>

  constructor(waitable: Waitable<Result<Value, Failure>>) {
    super()
    this.#waitable = waitable
  }

  settle(outcome: Result<Value, Failure>): void {
    if (outcome.ok) this.succeed(outcome.value)
    else this.fail(outcome.error)
  }

  leave(): void {
    this.#waitable.unpark(this)
  }
}

class SelectedOutcome<Outcome> extends Waiter implements OutcomeWaiter<Outcome> {
  readonly settle: (outcome: Outcome) => void

  constructor(win: (outcome: Outcome) => void) {
    super()
    this.settle = win
  }
}
