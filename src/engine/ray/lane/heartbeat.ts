/** Milliseconds of silence after which somebody who waits asks whether the peer is there, and again until it counts as gone. */
const patience = 10_000

/** What a {@link Heartbeat} decides. */
export interface HeartbeatListener {
  /** The peer has been silent for long: ask for a sign of life. */
  ask(): void
  /** It did not give one. */
  silent(): void
}

/**
 * Keeps the event loop alive while something waits for the peer, and watches that the peer is not silent meanwhile. When nothing waits, one timer at most
 * is left from before, which does not keep the loop alive and is not set again.
 */
export class Heartbeat {
  readonly #listener: HeartbeatListener
  #timer: NodeJS.Timeout | undefined
  #waiting = false
  /** Moments, by the clock of `performance`. The first wait after the last sign of life is what silence counts from. */
  #heard = 0
  #waitedFrom = 0
  #asked = 0

  constructor(listener: HeartbeatListener) {
    this.#listener = listener
  }

  /** The peer gave a sign of life, or could not be expected to. */
  heard(): void {
    this.#heard = performance.now()
  }

  start(): void {
    this.#waiting = true
    if (this.#waitedFrom <= this.#heard) this.#waitedFrom = performance.now()
    if (this.#timer === undefined) this.#arm(patience)
    else this.#timer.ref()
  }

  stop(): void {
    this.#waiting = false
    this.#timer?.unref()
  }

  /** For good. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = false
  }

  #arm(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#waiting) this.#judge(performance.now())
    }, milliseconds)
  }

  #judge(now: number): void {
    const quiet = now - Math.max(this.#heard, this.#waitedFrom, this.#asked)
    // Timers may be early by less than a millisecond.
    if (quiet < patience - 1) {
      this.#arm(patience - quiet)
      return
    }
    this.#arm(patience)
    if (this.#asked > this.#heard) {
      this.#listener.silent()
    } else {
      this.#asked = now
      this.#listener.ask()
    }
  }
}
