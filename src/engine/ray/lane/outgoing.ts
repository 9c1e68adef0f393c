import { RingBuffer } from '../../../core/ring-buffer.ts'

/** Bytes that may be under way without the peer's word that it has them. */
const mostUnconfirmed = 64 * 1024 * 1024
/** Bytes that may wait for a lane before large senders are asked to wait. */
const mostWaiting = 1024 * 1024
/** Bytes beyond which the peer counts as one that does not take what it asks for. */
const farTooMany = 64 * 1024 * 1024

/**
 * This side's stream of bytes, over all lanes: what waits for a lane, and what was given to one and is not confirmed. Chunks are kept by reference.
 *
 * Urgent chunks overtake those that wait, and know no limit: if a confirmation had to wait for confirmations, two sides could wait for each other.
 */
export class Outgoing {
  /** Given to a lane, the oldest first. */
  readonly #kept = new RingBuffer<Uint8Array>()
  readonly #urgent = new RingBuffer<Uint8Array>()
  readonly #waiting = new RingBuffer<Uint8Array>()
  readonly #limit: number
  readonly #confirmedChunk: (chunk: Uint8Array) => void
  /** Where in the stream the first kept chunk starts. */
  #start = 0
  #confirmed = 0
  /** Where in the stream the next new chunk starts. */
  #sent = 0
  #waitingBytes = 0
  /** The next of the kept chunks that this lane has to get, because another one has broken; and what of it the peer has. */
  #resent = 0
  #skip = 0

  /** @param confirmed called with each chunk that the peer has as a whole */
  constructor(limit = mostUnconfirmed, confirmed: (chunk: Uint8Array) => void = () => undefined) {
    this.#limit = limit
    this.#confirmedChunk = confirmed
  }

  /** Whether large senders may go on. */
  get hasRoom(): boolean {
    return this.#waitingBytes <= mostWaiting && this.isFree
  }

  /** Whether the peer has confirmed enough for more to be sent. */
  get isFree(): boolean {
    return this.#sent - this.#confirmed <= this.#limit
  }

  /** Whether far too much waits for a lane, though the peer's confirmations are not what it waits for. */
  get isStuck(): boolean {
    return this.#waitingBytes > farTooMany && this.isFree
  }

  /** Bytes that were given to a lane so far. */
  get sent(): number {
    return this.#sent
  }

  add(chunk: Uint8Array): void {
    this.#waiting.pushBack(chunk)
    this.#waitingBytes += chunk.byteLength
  }

  /** A chunk that goes before all that wait. */
  addUrgent(chunk: Uint8Array): void {
    this.#urgent.pushBack(chunk)
  }

  /** What the lane gets next; undefined when there is nothing, or nothing more for now. `limited` false: whatever is under way. */
  next(limited = true): Uint8Array | undefined {
    if (this.#resent < this.#kept.length) {
      const chunk = this.#kept.at(this.#resent++) as Uint8Array
      const skip = this.#skip
      this.#skip = 0
      return skip === 0 ? chunk : chunk.subarray(skip)
    }
    let chunk = this.#urgent.popFront()
    if (chunk === undefined) {
      if (limited && !this.isFree) return undefined
      chunk = this.#waiting.popFront()
      if (chunk === undefined) return undefined
      this.#waitingBytes -= chunk.byteLength
    }
    this.#kept.pushBack(chunk)
    this.#resent++
    this.#sent += chunk.byteLength
    return chunk
  }

  /** The peer has the stream up to `position`. False if that can not be. */
  confirm(position: number): boolean {
    if (position > this.#sent) return false
    // The hello of another lane has said more than a confirmation that was on its way, and had to be repeated.
    if (position <= this.#confirmed) return true
    this.#confirmed = position
    for (let first = this.#kept.at(0); first !== undefined; first = this.#kept.at(0)) {
      const end = this.#start + first.byteLength
      if (end > position) break
      this.#kept.popFront()
      this.#start = end
      if (this.#resent > 0) this.#resent--
      else this.#skip = 0
      this.#confirmedChunk(first)
    }
    return true
  }

  /** Whether a new lane can continue at `position`. */
  canResume(position: number): boolean {
    return position >= this.#confirmed && position <= this.#sent
  }

  /** A new lane continues at `position`, which the peer has reached. False if that can not be. */
  resume(position: number): boolean {
    if (!this.canResume(position) || !this.confirm(position)) return false
    this.#resent = 0
    this.#skip = position - this.#start
    return true
  }

  clear(): void {
    for (const chunks of [this.#kept, this.#urgent, this.#waiting]) chunks.clear()
    this.#waitingBytes = 0
    this.#resent = 0
  }
}
