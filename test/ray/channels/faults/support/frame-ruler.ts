/** Where the frames of a stream of bytes begin, as far as it has been seen. What is seen once more changes nothing. */
export class FrameRuler {
  /** Of each frame whose beginning is known; one more than there are lengths. */
  readonly #starts = [0]
  #seen = 0
  readonly #header = Buffer.alloc(4)

  /** The bytes at a position of the stream. */
  see(position: number, bytes: Uint8Array): void {
    for (let at = Math.max(this.#seen, position); at < position + bytes.length; ) {
      const start = this.#starts.at(-1) as number
      if (at >= start + 4) throw new RangeError('a frame has no length')
      if (at < start) {
        at = Math.min(start, position + bytes.length)
      } else {
        this.#header[at - start] = bytes[at - position] as number
        at++
        if (at === start + 4) this.#starts.push(start + 4 + this.#header.readUInt32LE())
      }
      this.#seen = at
    }
  }

  /** Where a frame of that number, from 0, begins; undefined while that is not known. */
  start(frame: number): number | undefined {
    return this.#starts[frame]
  }
}
