import { FrameFlag, type FrameReader } from './frame.ts'

/** Bytes of the largest value that the codec reads. */
const mostBytes = 2 ** 31 - 1

/** Where a value stands. */
export interface Body {
  readonly bytes: Uint8Array
  readonly position: number
  readonly end: number
}

interface Parts {
  readonly bodies: Uint8Array[]
  size: number
}

/** Puts bodies together that were cut into several frames, of which all but the last have the flag `more`. */
export class Pieces {
  readonly #open = new Map<number, Parts>()

  /** The body of which `frame` is the last piece; undefined if more is to come. Throws a `RangeError` when it is too large. */
  take(frame: FrameReader): Body | undefined {
    const { stream, bytes, position, end } = frame
    const more = (frame.flags & FrameFlag.more) !== 0
    let parts = this.#open.get(stream)
    if (parts === undefined) {
      if (!more) return frame
      parts = { bodies: [], size: 0 }
      this.#open.set(stream, parts)
    }
    parts.size += end - position
    if (parts.size > mostBytes) throw new RangeError(`a request, or its answer, has more than ${mostBytes} bytes`)
    parts.bodies.push(bytes.subarray(position, end))
    if (more) return undefined
    this.#open.delete(stream)
    return { bytes: Buffer.concat(parts.bodies, parts.size), position: 0, end: parts.size }
  }

  /** Nobody wants the body any more. */
  drop(stream: number): void {
    this.#open.delete(stream)
  }

  clear(): void {
    this.#open.clear()
  }
}
