import { expect } from 'vitest'
import { SerializationError } from '../../../../src/errors.ts'

/** Runs something that must fail with a `SerializationError`, and returns the error. */
export function failure(run: () => unknown): SerializationError {
  try {
    run()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SerializationError)
    return thrown as SerializationError
  }
  throw new Error('nothing was thrown')
}
