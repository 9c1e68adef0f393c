import { SerializationError } from '../../errors.ts'
import type { FrameReader } from '../../wire/frame.ts'
import { FrameFlag, headerLength } from '../../wire/frame.ts'
import { readUint64 } from '../../wire/gateway-frames.ts'
import type { ArrivedValue } from './ray-object.ts'

/** The most that the codec reads. */
const largestValue = 2 ** 31 - 1
/** A value that fills less of its chunk than this part is copied, so that it does not keep the chunk. */
const keptPart = 4

/** A value of which some frames have arrived. */
interface Partial {
  /** Undefined: it can not be taken, and its bytes are only counted. */
  readonly bytes: Uint8Array | undefined
  readonly failure: Error | undefined
  readonly total: number
  arrived: number
  /** The last bytes that arrived, while the header of a frame that is put together behind them stands in their place. */
  covered: Uint8Array | undefined
}

/** What one `value` frame brought. */
export type Incoming =
  | { readonly t: 'part'; readonly bytes: number; readonly total: number }
  | { readonly t: 'whole'; readonly value: ArrivedValue }
  | { readonly t: 'refused'; readonly error: Error }

/** Puts values together that arrive in several frames, each in one buffer of its own, allocated once. */
export class IncomingValues {
  readonly #partials = new Map<number, Partial>()

  /** Whether a part of that object's value has arrived, and more is to come. */
  isArriving(number: number): boolean {
    return this.#partials.has(number)
  }

  /**
   * Where a frame of that object's value is to be put together, so that its bytes stand where they belong as soon as they are there: its header takes the
   * place of the bytes before it until the frame is taken. Undefined when that is not known.
   */
  land(stream: number, length: number): Uint8Array | undefined {
    const partial = this.#partials.get(stream)
    if (partial?.bytes === undefined || partial.arrived < headerLength) return undefined
    const start = partial.arrived - headerLength
    if (start + length > partial.total) return undefined
    partial.covered = partial.bytes.slice(start, partial.arrived)
    return partial.bytes.subarray(start, start + length)
  }

  /** Throws a `RangeError` when the frame contradicts itself or those before it. */
  take(frame: FrameReader): Incoming {
    const { stream } = frame
    const more = (frame.flags & FrameFlag.more) !== 0
    let partial = this.#partials.get(stream)
    if (partial === undefined) {
      const total = readUint64(frame)
      if (!more) return { t: 'whole', value: wholeOf(frame, total) }
      partial = begin(total)
      this.#partials.set(stream, partial)
    }
    const size = frame.end - frame.position
    if (partial.arrived + size > partial.total) {
      throw new RangeError(`a value of ${partial.total} bytes has at least ${partial.arrived + size}`)
    }
    if (partial.bytes !== undefined) place(partial.bytes, partial, frame)
    partial.arrived += size
    if (more) return { t: 'part', bytes: partial.arrived, total: partial.total }
    this.#partials.delete(stream)
    const { bytes, total, arrived, failure } = partial
    if (arrived !== total) throw new RangeError(`a value of ${total} bytes ends after ${arrived}`)
    if (bytes === undefined) return { t: 'refused', error: failure as Error }
    return { t: 'whole', value: { bytes, start: 0, end: total } }
  }

  clear(): void {
    this.#partials.clear()
  }
}

function wholeOf({ bytes, position, end }: FrameReader, total: number): ArrivedValue {
  const size = end - position
  if (size !== total) throw new RangeError(`a value of ${total} bytes has ${size}`)
  if (size * keptPart > bytes.byteLength) return { bytes, start: position, end }
  return { bytes: bytes.slice(position, end), start: 0, end: size }
}

/** Puts the frame's part of the value where it belongs, unless it was put together there. */
function place(bytes: Uint8Array, partial: Partial, frame: FrameReader): void {
  const { arrived, covered } = partial
  if (covered === undefined || frame.bytes.buffer !== bytes.buffer) {
    bytes.set(frame.bytes.subarray(frame.position, frame.end), arrived)
    return
  }
  bytes.set(covered, arrived - headerLength)
  partial.covered = undefined
}

function begin(total: number): Partial {
  if (total > largestValue) {
    const message = `the value has ${total} bytes, the limit is ${largestValue} bytes`
    return { bytes: undefined, failure: new SerializationError(message), total, arrived: 0, covered: undefined }
  }
  try {
    // Every byte of it is written before it is read.
    return {
      bytes: new Uint8Array(Buffer.allocUnsafeSlow(total).buffer),
      failure: undefined,
      total,
      arrived: 0,
      covered: undefined,
    }
  } catch (cause) {
    const failure = new SerializationError(`there is no memory for a value of ${total} bytes`, { cause })
    return { bytes: undefined, failure, total, arrived: 0, covered: undefined }
  }
}
