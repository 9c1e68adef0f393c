import { RayError } from '../../errors.ts'

/** Time for several steps together. */
export class Deadline {
  readonly #end: number
  readonly #timeout: number
  readonly #what: string

  /** @param timeout milliseconds. `what` begins the error that says that they were not enough */
  constructor(timeout: number, what: string) {
    this.#timeout = timeout
    this.#what = what
    this.#end = performance.now() + timeout
  }

  /** Whole milliseconds that are left, at least 1: timers take 0 for "no limit" now and then. */
  left(): number {
    return Math.max(1, Math.min(Math.ceil(this.#end - performance.now()), 2 ** 31 - 1))
  }

  /**
   * The outcome of a step, which is named in the error if it comes too late.
   *
   * @param tooLate takes what comes afterwards all the same
   */
  within<Outcome>(
    step: string,
    outcome: Promise<Outcome>,
    tooLate: (late: Outcome) => Promise<void> = async () => {},
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      let over = false
      const timer = setTimeout(() => {
        over = true
        reject(new RayError(`${this.#what} was not done within ${this.#timeout} ms: it was still ${step}`))
      }, this.left())
      outcome.then(
        (value) => {
          clearTimeout(timer)
          if (!over) resolve(value)
          else
            tooLate(value).catch(() => {
              // The caller has been told about the deadline; that it does not end well either adds nothing.
            })
        },
        (error: unknown) => {
          clearTimeout(timer)
          reject(error)
        },
      )
    })
  }
}
