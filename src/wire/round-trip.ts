/** Milliseconds; longer ones are no matter of the way. */
const longest = 250
/** How slowly the estimate follows when answers take longer. */
const inertia = 16

/**
 * How long the other side takes to answer, at best: an answer that waits for somebody else takes longer, and says nothing of the way. Milliseconds.
 */
export class RoundTrip {
  #asked: number | undefined
  #best = 0

  get best(): number {
    return this.#best
  }

  /** Something was asked for. One question is timed at a time. */
  asked(now: number): void {
    this.#asked ??= now
  }

  /** It, or a part of it, is here. */
  answered(now: number): void {
    if (this.#asked === undefined) return
    const took = Math.min(now - this.#asked, longest)
    this.#asked = undefined
    this.#best = this.#best === 0 || took < this.#best ? took : this.#best + (took - this.#best) / inertia
  }
}
