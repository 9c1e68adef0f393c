import { FrameType, headerLength, typeOffset } from '../../../wire/frame.ts'

/** Bytes of the largest frame, its length field included. */
export const largestFrame = 16 * 1024 * 1024
/** Frames of types below this one concern the connection itself; all others are for whoever uses it. */
const firstOther = FrameType.request

/** Gets what a {@link FrameAssembler} has put together. Returns whether to go on. */
export interface AssemblerListener {
  /** A run of whole frames. The listener owns the bytes. */
  frames(bytes: Uint8Array): boolean
  /** One frame of the lanes' own. */
  control(frame: Uint8Array): boolean
}

/**
 * Cuts a stream of bytes into frames. Frames that came whole are handed over as they lie, without a copy; one that comes in pieces is put together in a
 * buffer of its own size.
 */
export class FrameAssembler {
  readonly #listener: AssemblerListener
  /** The first bytes of a frame, too few to know its length. */
  readonly #lengthBytes = new Uint8Array(4)
  /** A frame that has not come whole. */
  #frame: Uint8Array | undefined
  /** Bytes that are there of the frame, or of its length. */
  #filled = 0

  constructor(listener: AssemblerListener) {
    this.#listener = listener
  }

  /**
   * Takes the next bytes of the stream, which are the assembler's from now on.
   *
   * @throws {RangeError} for a frame that can not be, before anything is allocated for it
   */
  feed(bytes: Uint8Array): void {
    let position = 0
    if (this.#filled > 0) {
      position = this.#complete(bytes)
      if (position < 0) return
    }
    this.#cut(bytes, position)
  }

  /** Continues a frame; returns where in `bytes` it ends, or -1 if nothing is to follow. */
  #complete(bytes: Uint8Array): number {
    let position = 0
    if (this.#frame === undefined) {
      const taken = Math.min(4 - this.#filled, bytes.length)
      this.#lengthBytes.set(bytes.subarray(0, taken), this.#filled)
      this.#filled += taken
      if (this.#filled < 4) return -1
      this.#frame = emptyFrame(checked(announcedLength(this.#lengthBytes, 0)))
      this.#frame.set(this.#lengthBytes)
      position = taken
    }
    const frame = this.#frame
    const taken = Math.min(frame.length - this.#filled, bytes.length - position)
    frame.set(bytes.subarray(position, position + taken), this.#filled)
    this.#filled += taken
    if (this.#filled < frame.length) return -1
    this.#frame = undefined
    this.#filled = 0
    const goOn = isControl(frame, 0) ? this.#listener.control(frame) : this.#listener.frames(frame)
    return goOn ? position + taken : -1
  }

  /** Hands over the whole frames from `position` on, and keeps the rest. */
  #cut(bytes: Uint8Array, from: number): void {
    /** Where the frames start that have not been handed over. */
    let start = from
    let position = from
    while (bytes.length - position >= 4) {
      const length = announcedLength(bytes, position)
      // What came before a frame that can not be is still good.
      if (!isPossible(length) && position > start && !this.#listener.frames(bytes.subarray(start, position))) return
      const end = position + checked(length)
      if (end > bytes.length) break
      if (isControl(bytes, position)) {
        if (position > start && !this.#listener.frames(bytes.subarray(start, position))) return
        if (!this.#listener.control(bytes.subarray(position, end))) return
        start = end
      }
      position = end
    }
    const rest = bytes.length - position
    // Before the listener sees the frames: it owns their bytes.
    if (rest >= 4) {
      this.#frame = emptyFrame(announcedLength(bytes, position))
      this.#frame.set(bytes.subarray(position))
    } else {
      this.#lengthBytes.set(bytes.subarray(position))
    }
    this.#filled = rest
    if (position === start) return
    this.#listener.frames(start === 0 && rest === 0 ? bytes : bytes.subarray(start, position))
  }
}

function isControl(bytes: Uint8Array, start: number): boolean {
  return (bytes[start + typeOffset] as number) < firstOther
}

/** Of the frame that starts at `start`, its length field included. */
function announcedLength(bytes: Uint8Array, start: number): number {
  const low = (bytes[start] as number) | ((bytes[start + 1] as number) << 8) | ((bytes[start + 2] as number) << 16)
  return low + (bytes[start + 3] as number) * 2 ** 24 + 4
}

function isPossible(length: number): boolean {
  return length >= headerLength && length <= largestFrame
}

function checked(length: number): number {
  if (isPossible(length)) return length
  const limit = length < headerLength ? `at least ${headerLength}` : `at most ${largestFrame}`
  throw new RangeError(`a frame has ${limit} bytes, one announces ${length}`)
}

/** Every byte of it is about to be written: filling it with zeros first would cost as much again. */
function emptyFrame(length: number): Uint8Array {
  const buffer = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
}
