import { SerializationError } from '../errors.ts'

/** The most that V8 gives one typed array on every supported Node. */
const largestBuffer = 2 ** 32 - 1
/** Callers may reserve more than they end up writing (a string's worst case), so the limit has slack; encoders check exactly at the end. */
const limitSlack = 256 * 1024

/**
 * A growing buffer that is written from front to back.
 *
 * `bytes` and `view` are replaced when it grows: read them again after every `reserve`. Writers on hot paths reserve once,
 * write into `bytes` themselves and move `position`; the `write…` methods reserve on their own.
 *
 * @example
 * ```ts
 * const writer = new ByteWriter()
 * writer.writeUint32(7)
 * const frame = writer.take()
 * ```
 */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>
  view: DataView<ArrayBuffer>
  /** Where the next byte goes: everything before it has been written. */
  position = 0
  /** Growing past this position is refused (give or take 256 KB). */
  limit = largestBuffer

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /**
   * Makes room for `count` more bytes.
   *
   * @throws {SerializationError} when that is past the limit
   */
  reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(this.position + count)
  }

  /** Forgets what was written, and gives back a buffer that has become larger than `keep` bytes. */
  reset(keep = 64 * 1024): void {
    this.position = 0
    this.limit = largestBuffer
    if (this.bytes.length > keep) this.#replace(new Uint8Array(1024))
  }

  /** Returns what was written as bytes of their own, and resets the writer. */
  take(): Uint8Array<ArrayBuffer> {
    const { bytes, position } = this
    // A large buffer that is mostly full is handed over instead of copied.
    if (position > 64 * 1024 && position > bytes.length / 2) {
      this.#replace(new Uint8Array(1024))
      this.reset()
      return bytes.subarray(0, position)
    }
    const taken = bytes.slice(0, position)
    this.reset()
    return taken
  }

  /** Returns what was written, in the writer's own memory, and goes on in `memory`, which nobody else uses. */
  handOver(memory: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const written = this.bytes.subarray(0, this.position)
    this.#replace(memory)
    this.position = 0
    this.limit = largestBuffer
    return written
  }

  writeUint8(value: number): void {
    this.reserve(1)
    this.bytes[this.position++] = value
  }

  /** Little endian, as all numbers in frames. */
  writeUint16(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.position, value, true)
    this.position += 2
  }

  /** Little endian. */
  writeUint32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.position, value, true)
    this.position += 4
  }

  /** Big endian, as all numbers in MessagePack. */
  writeUint16BigEndian(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.position, value)
    this.position += 2
  }

  /** Big endian. */
  writeUint32BigEndian(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.position, value)
    this.position += 4
  }

  writeBytes(source: Uint8Array): void {
    const length = source.length
    this.reserve(length)
    const { bytes, position } = this
    // A call into memcpy costs as much as a loop over some thirty bytes.
    if (length < 32) for (let index = 0; index < length; index++) bytes[position + index] = source[index] as number
    else bytes.set(source, position)
    this.position = position + length
  }

  #grow(needed: number): void {
    if (needed > Math.min(this.limit + limitSlack, largestBuffer)) {
      throw new SerializationError(`the encoded value needs at least ${needed} bytes, the limit is ${this.limit} bytes`)
    }
    const grown = new Uint8Array(Math.min(Math.max(this.bytes.length * 2, needed), largestBuffer))
    grown.set(this.bytes.subarray(0, this.position))
    this.#replace(grown)
  }

  #replace(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}
