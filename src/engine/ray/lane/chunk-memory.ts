/** Bytes of each buffer: a batch leaves when it has half of that, and the last item of one may be large. */
const bufferSize = 256 * 1024
/** Buffers that are kept: what is under way before the peer confirms it. */
const mostKept = 64
/** Milliseconds for which memory that nobody uses is kept. */
const keptFor = 1_000

/**
 * Memory in which chunks are written, for the next ones, once the peer has them. Fresh memory is zeroed, comes from the system page by page, and has to be
 * collected: together that costs more than to write the chunk.
 */
export class ChunkMemory {
  readonly #lent = new WeakSet<ArrayBuffer>()
  readonly #spare: ArrayBuffer[] = []
  #timer: NodeJS.Timeout | undefined

  take(): Uint8Array<ArrayBuffer> {
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(bufferSize).buffer
    this.#lent.add(buffer)
    return new Uint8Array(buffer)
  }

  /** The peer has the chunk, so nobody reads it here any more. Chunks of other memory are left alone. */
  giveBack({ buffer }: Uint8Array): void {
    if (!(buffer instanceof ArrayBuffer) || !this.#lent.delete(buffer) || this.#spare.length === mostKept) return
    this.#spare.push(buffer)
    if (this.#timer !== undefined) this.#timer.refresh()
    else {
      this.#timer = setTimeout(() => this.clear(), keptFor)
      this.#timer.unref()
    }
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#spare.length = 0
  }
}
