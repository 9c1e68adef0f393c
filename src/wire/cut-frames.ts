import type { Connection } from './connection.ts'
import { beginFrame, endFrame, FrameReader, headerLength, streamOffset, typeOffset } from './frame.ts'

/** The flag of a frame of calls whose body goes on in the next one of its stream. It is a flag of its own, since their other flags are taken. */
const moreFlag = 128
/** Bytes of the largest value that the codec reads, and some for what stands beside it. */
const mostBytes = 2 ** 31

/**
 * Cuts the frame of a call that starts at `start`, and is the last that has been written, into as many as its transport would like. All but the last have
 * a flag.
 */
export function cutFrame(connection: Connection, start: number): void {
  const { longestPiece, out } = connection
  const first = start + headerLength
  if (longestPiece === undefined || out.position - first <= longestPiece) return
  const type = out.bytes[start + typeOffset] as number
  const flags = out.bytes[start + typeOffset + 1] as number
  const stream = out.view.getUint32(start + streamOffset, true)
  const body = out.bytes.slice(first, out.position)
  out.position = start
  for (let from = 0; from < body.length; from += longestPiece) {
    const more = from + longestPiece < body.length
    const piece = beginFrame(out, type, more ? flags | moreFlag : flags, stream)
    out.writeBytes(body.subarray(from, from + longestPiece))
    endFrame(out, piece)
    // The last one is the caller's to tell of.
    if (more) connection.wrote()
  }
}

/** Puts frames together that {@link cutFrame} has cut. */
export class CutFrames {
  readonly #parts = new Map<number, { readonly bodies: Uint8Array[]; size: number }>()

  /** The whole frame, if this was its last piece; undefined if more is to come. Throws a `RangeError` when it is too large. */
  take(frame: FrameReader): FrameReader | undefined {
    const more = (frame.flags & moreFlag) !== 0
    if (!more && this.#parts.size === 0) return frame
    const { stream, bytes, position, end } = frame
    let parts = this.#parts.get(stream)
    if (parts === undefined) {
      if (!more) return frame
      parts = { bodies: [], size: 0 }
      this.#parts.set(stream, parts)
    }
    parts.bodies.push(bytes.subarray(position, end))
    parts.size += end - position
    if (parts.size > mostBytes) throw new RangeError(`the frame of a call has more than ${mostBytes} bytes`)
    if (more) return undefined
    this.#parts.delete(stream)
    return whole(frame, Buffer.concat(parts.bodies, parts.size))
  }
}

/** A frame like `last`, with that body. */
function whole({ type, flags, stream, attachments }: FrameReader, body: Uint8Array): FrameReader {
  const frame = new FrameReader()
  frame.bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  frame.view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  frame.type = type
  frame.flags = flags
  frame.stream = stream
  frame.end = body.byteLength
  frame.attachments = attachments
  return frame
}
