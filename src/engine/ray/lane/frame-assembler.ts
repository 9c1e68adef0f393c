import { FrameType, headerLength, streamOffset, typeOffset } from '../../../wire/frame.ts'
import type { Landing } from '../../../wire/transport.ts'

/** Bytes of the largest frame, its length field included. */
export const largestFrame = 16 * 1024 * 1024
/** Frames from this length on are large: somebody may know a place for them, and the rest of one is worth a read of its own. */
const large = 64 * 1024
const smallestRoom = 16 * 1024
/** After a large frame so much is read of what follows: if that is another one, the rest of it can be read to where it belongs. */
const glanceSize = 1024
/** Frames of types below this one concern the connection itself; all others are for whoever uses it. */
const firstOther = FrameType.request

/** Gets what a {@link FrameAssembler} has put together. Returns whether to go on. */
export interface AssemblerListener {
  /** A run of whole frames. The listener owns the bytes. */
  frames(bytes: Uint8Array): boolean
  /** One frame of the lanes' own. */
  control(frame: Uint8Array): boolean
  /** Where a large frame is to be put together. Everything before it has been handed over. */
  land: Landing
}

/**
 * Cuts a stream of bytes into frames. Frames that came whole are handed over as they lie, without a copy; one that comes in pieces is put together in a
 * buffer of its own size, or where the listener wants it.
 */
export class FrameAssembler {
  readonly #listener: AssemblerListener
  /** The first bytes of a frame, too few to know what it is. */
  readonly #header = new Uint8Array(headerLength)
  /** A frame that has not come whole. */
  #frame: Uint8Array | undefined
  /** Bytes that are there of the frame, or of its header. */
  #filled = 0
  /** The last frame was large, and nothing has come since. */
  #afterLarge = false
  #glance: Uint8Array | undefined

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
    this.#afterLarge = false
    if (this.#filled > 0) {
      position = this.#complete(bytes)
      if (position < 0) return
    }
    this.#cut(bytes, position)
  }

  /** Where the next bytes belong, if they are many: the rest of a large frame; or a few of them, to see how large the next frame is. Who has put some there says so by {@link filled}. */
  room(): Uint8Array | undefined {
    const frame = this.#frame
    if (frame === undefined) {
      if (!this.#afterLarge) return undefined
      this.#glance ??= new Uint8Array(glanceSize)
      return this.#glance
    }
    return frame.length - this.#filled < smallestRoom ? undefined : frame.subarray(this.#filled)
  }

  /** The next bytes of the stream stand at the beginning of {@link room}. */
  filled(count: number): void {
    if (this.#frame === undefined) {
      this.feed((this.#glance as Uint8Array).slice(0, count))
      return
    }
    this.#filled += count
    this.#finish(this.#frame)
  }

  /** Continues a frame; returns where in `bytes` it ends, or -1 if nothing is to follow. */
  #complete(bytes: Uint8Array): number {
    let position = 0
    if (this.#frame === undefined) {
      const taken = Math.min(headerLength - this.#filled, bytes.length)
      this.#header.set(bytes.subarray(0, taken), this.#filled)
      this.#filled += taken
      if (this.#filled >= 4) checked(announcedLength(this.#header, 0))
      if (this.#filled < headerLength) return -1
      this.#frame = this.#begin(this.#header)
      position = taken
    }
    const frame = this.#frame
    const taken = Math.min(frame.length - this.#filled, bytes.length - position)
    frame.set(bytes.subarray(position, position + taken), this.#filled)
    this.#filled += taken
    return this.#finish(frame) ? position + taken : -1
  }

  /** Hands the frame over if it is whole; returns whether that, and something may follow. */
  #finish(frame: Uint8Array): boolean {
    if (this.#filled < frame.length) return false
    this.#frame = undefined
    this.#filled = 0
    this.#afterLarge = frame.length >= large
    return isControl(frame, 0) ? this.#listener.control(frame) : this.#listener.frames(frame)
  }

  /** A place for the frame that starts like this; what is there of it is written. */
  #begin(bytes: Uint8Array): Uint8Array {
    const length = announcedLength(bytes, 0)
    const place = length < large ? undefined : this.#listener.land(bytes[typeOffset] as number, streamOf(bytes), length)
    const frame = place ?? emptyFrame(length)
    frame.set(bytes)
    return frame
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
    if (position === bytes.length) {
      if (position > start) this.#listener.frames(start === 0 ? bytes : bytes.subarray(start))
      return
    }
    if (position === start) {
      this.#keep(bytes.subarray(position))
      return
    }
    // The listener owns the bytes that it gets; and only when it has seen them it knows where to put what follows.
    const rest = bytes.slice(position)
    if (this.#listener.frames(bytes.subarray(start, position))) this.#keep(rest)
  }

  /** The beginning of a frame. */
  #keep(rest: Uint8Array): void {
    if (rest.length >= headerLength) this.#frame = this.#begin(rest)
    else this.#header.set(rest)
    this.#filled = rest.length
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

function streamOf(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset).getUint32(streamOffset, true)
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
