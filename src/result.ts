/**
 * What a call that can fail in an expected way returns.
 *
 * A plain discriminated union: it costs one small object, survives structured clone, narrows with `if (result.ok)`,
 * and adds no dependency to the channel entry point.
 *
 * @example
 * ```ts
 * const result = tx.trySend(1)
 * if (!result.ok) console.log(result.error.code)
 * ```
 */
export type Result<Value, Failure> = Success<Value> | Failed<Failure>

/** The successful half of a {@link Result}. */
export interface Success<Value> {
  readonly ok: true
  readonly value: Value
}

/** The failed half of a {@link Result}. */
export interface Failed<Failure> {
  readonly ok: false
  readonly error: Failure
}

/** A value now, or a promise of it: in-process handles answer at once, remote ones have to ask. */
export type Awaitable<Value> = Value | Promise<Value>

/** Wraps a value as a success. */
export function success<Value>(value: Value): Success<Value> {
  return { ok: true, value }
}

/** Wraps an error as a failure. */
export function failed<Failure>(error: Failure): Failed<Failure> {
  return { ok: false, error }
}

/** The one success without a value, shared so that a hot path allocates nothing. */
export const done: Success<void> = Object.freeze({ ok: true, value: undefined })

/**
 * Returns the value of a success and throws the error of a failure.
 *
 * @throws the failure's error
 */
export function unwrap<Value>(result: Result<Value, unknown>): Value {
  if (result.ok) return result.value
  throw result.error
}
