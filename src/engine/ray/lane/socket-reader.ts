import type { OnReadOpts } from 'node:net'
import type { LaneListener } from './lane.ts'

/** Bytes of one read when the listener has no room of its own. */
const readSize = 64 * 1024
/** As much as that when they come faster than they are read. */
const largeReadSize = 4 * readSize

/**
 * Reads a socket into memory that is there already: the listener's own where it has room, which saves a copy of all that is large, else a buffer that is
 * used again and again, whose bytes are handed over as a copy of just their size. While they come so fast that each read fills such a buffer, reads are larger,
 * and their buffers are handed over themselves.
 */
export class SocketReader {
  /** For the socket to be opened with. */
  readonly options: OnReadOpts
  readonly #small = new Uint8Array(readSize)
  #own = this.#small
  #listener: LaneListener | undefined
  /** Whose room the next bytes go to; undefined: our own buffer. */
  #lender: LaneListener | undefined
  /** What came before there was a listener. */
  #early: Uint8Array[] = []

  constructor() {
    this.options = {
      buffer: () => this.#next(),
      callback: (count) => {
        this.#came(count)
        return true
      },
    }
  }

  /** Replaces the listener; the first one hears what has come already. */
  start(listener: LaneListener): void {
    this.#listener = listener
    const early = this.#early
    this.#early = []
    for (const bytes of early) listener.data(bytes)
  }

  #next(): Uint8Array {
    const room = this.#listener?.room?.()
    this.#lender = room === undefined ? undefined : this.#listener
    return room ?? this.#own
  }

  #came(count: number): void {
    if (this.#lender !== undefined) {
      // A listener that has been replaced meanwhile is not interested any more, and neither is its successor.
      if (this.#lender === this.#listener) this.#lender.filled?.(count)
      return
    }
    const bytes = this.#take(count)
    if (this.#listener === undefined) this.#early.push(bytes)
    else this.#listener.data(bytes)
  }

  /** The first bytes of the buffer, and makes ready for the next ones. */
  #take(count: number): Uint8Array {
    const own = this.#own
    const isFull = count === own.length
    if (own !== this.#small && count >= own.length / 2) {
      this.#own = largeBuffer()
      return own.subarray(0, count)
    }
    if (isFull) this.#own = largeBuffer()
    else if (count < readSize / 4) this.#own = this.#small
    return own.slice(0, count)
  }
}

/** Every byte that is handed over has been read. */
function largeBuffer(): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(largeReadSize)
  return new Uint8Array(buffer)
}
