import type { Awaitable } from '../result.ts'

/** Goes on with a value that is here or will be. */
export function whenKnown<Value, Next>(value: Awaitable<Value>, then: (value: Value) => Next): Awaitable<Next> {
  return value instanceof Promise ? value.then(then) : then(value)
}
