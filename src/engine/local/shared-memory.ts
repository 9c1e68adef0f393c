import { collectGarbage } from './garbage.ts'

/** Bytes of shared memory that a thread may hold before it looks for garbage among them. */
const firstLimit = 256 * 1024 * 1024

/**
 * The shared memory that one thread can reach, used or not: it is given back to the system when no thread can reach it any more.
 * Collects garbage each time that it has doubled.
 */
export class SharedMemory {
  readonly #firstLimit: number
  #held = 0
  #limit: number
  #collecting = false
  readonly #collected = new FinalizationRegistry<number>((bytes) => {
    this.#held -= bytes
  })

  /** @param store bytes that the object store may hold */
  constructor(store: number) {
    this.#firstLimit = Math.min(firstLimit, store / 8)
    this.#limit = this.#firstLimit
  }

  /** From now on the thread can reach the memory that the bytes are in, unless that is memory of its own. */
  reach({ buffer }: Uint8Array): void {
    if (!(buffer instanceof SharedArrayBuffer)) return
    this.#held += buffer.byteLength
    this.#collected.register(buffer, buffer.byteLength)
    if (this.#held <= this.#limit || this.#collecting) return
    this.#collecting = true
    // Whoever is at work now may be about to let go of something.
    setImmediate(() => {
      collectGarbage()
      setImmediate(() => this.#adjust())
    })
  }

  #adjust(): void {
    this.#collecting = false
    this.#limit = Math.max(this.#firstLimit, this.#held * 2)
  }
}
