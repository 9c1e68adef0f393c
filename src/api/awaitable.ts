import { type Awaitable, type Result, unwrap } from '../result.ts'

/** Goes on with a value that is here or will be. */
export function whenKnown<Value, Next>(value: Awaitable<Value>, then: (value: Value) => Next): Awaitable<Next> {
  return value instanceof Promise ? value.then(then) : then(value)
}

/** Runs something that never waits in process, as a promise: its value, or its error as a rejection. */
export function promised<Value>(run: () => Awaitable<Result<Value, unknown>>): Promise<Value> {
  try {
    const result = run()
    if (result instanceof Promise) return result.then(unwrap)
    return result.ok ? Promise.resolve(result.value) : Promise.reject(result.error)
  } catch (error) {
    return Promise.reject(error)
  }
}
