/** Milliseconds over which a rate is an average, with what is older counting less and less. */
const span = 5_000

/** How often something happens, of late. */
export class Rate {
  readonly #start: number
  #at: number
  /** Events for each millisecond, weighted by how long ago they were. */
  #weighted = 0

  constructor(now: number) {
    this.#start = now
    this.#at = now
  }

  count(now: number): void {
    this.#weighted = this.#decayed(now) + 1 / span
    this.#at = now
  }

  /** Events for each second. */
  perSecond(now: number): number {
    // What was before the start must not count as "nothing happened".
    const weight = 1 - Math.exp((this.#start - now) / span)
    return weight <= 0 ? 0 : (1_000 * this.#decayed(now)) / weight
  }

  #decayed(now: number): number {
    return this.#weighted * Math.exp((this.#at - now) / span)
  }
}
