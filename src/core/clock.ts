/** Time, handed to whatever needs it, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds on a scale that never goes back. */
  now(): number
  setTimer(callback: () => void, milliseconds: number): unknown
  /** Does nothing when the timer has fired. */
  clearTimer(timer: unknown): void
}
