import type { Awaitable, Result } from '../result.ts'

/**
 * Stands as the error of an outcome that is not known yet: an item has been taken out of a channel, and its schema is asynchronous. Taking has to be
 * done at once, so whoever takes from a receiver's source waits for it afterwards.
 */
export class Checking extends Error {
  readonly outcome: Promise<Result<unknown, Error>>

  /** @param outcome never rejects */
  constructor(outcome: Promise<Result<unknown, Error>>) {
    super("the channel's schema is asynchronous")
    this.outcome = outcome
  }
}

/** What has come of it in the end. */
export function settledOutcome<T>(outcome: Result<T, Error>): Awaitable<Result<T, Error>> {
  return !outcome.ok && outcome.error instanceof Checking
    ? (outcome.error.outcome as Promise<Result<T, Error>>)
    : outcome
}
