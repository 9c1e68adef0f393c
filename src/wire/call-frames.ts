import type { ByteWriter } from '../codec/byte-writer.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType } from './frame.ts'
import { readTokens, writeTokens } from './sender-stream.ts'
import type { EncodedValue, Token } from './token.ts'

/**
 * The bodies of the frames of calls, on a connection between a caller and the thread that it calls.
 *
 * A method's name is sent once in a connection: the call that uses it first announces it, under the next number.
 *
 * `call`: `u32 slot, u16 method, u16 count, [u16 length, name], count × u32 length, [count × u32 attachments], payload`.
 * `result`: `[u32 count, count × (u32 origin, u32 number)], payload`, one codec value.
 * `cancelCall`: nothing. `awaiting`: codec value, the chain of calls.
 */

/** Flags of `call`. */
export const CallFlag = {
  /** The arguments hold handles: claim them before answering. */
  tokens: FrameFlag.tokens,
  /** The method's name follows the count. */
  named: 16,
  /** Attachment counts follow the lengths. */
  attachments: 32,
  /** Arguments that are refs themselves are to be resolved before the call's turn. */
  resolve: 64,
} as const

/** Flags of `result`. Without any, the payload is the method's value. */
export const ResultFlag = {
  /** The payload is what the method threw. */
  error: FrameFlag.error,
  /** A token list stands before the payload. */
  tokens: FrameFlag.tokens,
  /** With `error`: the payload is klaw's own error, and not the method's. */
  refused: 16,
  /** No payload: the actor went away before the call had finished. */
  lost: 32,
} as const

/** The slot of tasks: the method's name is the address of a function. */
export const taskSlot = 0

/** How a call begins; the reader is reused, so nobody keeps it. */
export interface CallHeader {
  slot: number
  method: number
  /** The name that `method` has from now on; undefined when it was announced before. */
  name: string | undefined
  count: number
  /** Where the lengths stand in the frame. */
  lengths: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const largestName = 0xffff

/**
 * Starts a `call` whose arguments are written behind it; returns where the lengths stand, for {@link setLength} and {@link endFrame}.
 */
export function beginCall(
  out: ByteWriter,
  id: number,
  flags: number,
  slot: number,
  method: number,
  name: string | undefined,
  count: number,
): number {
  const named = name === undefined ? undefined : encoder.encode(name)
  if (named !== undefined && named.byteLength > largestName) throw new RangeError('a method name is too long')
  const lists = (flags & CallFlag.attachments) === 0 ? 1 : 2
  beginFrame(out, FrameType.call, named === undefined ? flags : flags | CallFlag.named, id)
  out.reserve(10 + (named?.byteLength ?? 0) + count * 4 * lists)
  const { view } = out
  let position = out.position
  view.setUint32(position, slot, true)
  view.setUint16(position + 4, method, true)
  view.setUint16(position + 6, count, true)
  position += 8
  if (named !== undefined) {
    view.setUint16(position, named.byteLength, true)
    out.bytes.set(named, position + 2)
    position += 2 + named.byteLength
  }
  out.position = position + count * 4 * lists
  return position
}

/** Writes a call whose arguments have been encoded before. */
export function writeCall(
  out: ByteWriter,
  id: number,
  slot: number,
  method: number,
  name: string | undefined,
  args: readonly EncodedValue[],
  resolve = false,
): void {
  const start = out.position
  const flags = resolve ? flagsOf(args) | CallFlag.resolve : flagsOf(args)
  const lengths = beginCall(out, id, flags, slot, method, name, args.length)
  const counts = lengths + args.length * 4
  const attached = args.some(hasAttachments)
  for (const [index, { bytes, attachments }] of args.entries()) {
    out.view.setUint32(lengths + index * 4, bytes.byteLength, true)
    if (attached) out.view.setUint32(counts + index * 4, attachments?.length ?? 0, true)
    out.reserve(bytes.byteLength)
    out.bytes.set(bytes, out.position)
    out.position += bytes.byteLength
  }
  endFrame(out, start)
}

function flagsOf(args: readonly EncodedValue[]): number {
  const tokens = args.some((argument) => argument.tokens !== undefined && argument.tokens.length > 0)
  return (tokens ? CallFlag.tokens : 0) | (args.some(hasAttachments) ? CallFlag.attachments : 0)
}

function hasAttachments(value: EncodedValue): boolean {
  return value.attachments !== undefined && value.attachments.length > 0
}

/** Reads the head of a `call` into `header`. Throws a `RangeError` when the frame can not be one. */
export function readCall(frame: FrameReader, header: CallHeader): void {
  const { view, position, end } = frame
  if (position + 8 > end) throw new RangeError('a call ends in its header')
  header.slot = view.getUint32(position, true)
  header.method = view.getUint16(position + 4, true)
  header.count = view.getUint16(position + 6, true)
  header.name = undefined
  let next = position + 8
  if ((frame.flags & CallFlag.named) !== 0) {
    const length = next + 2 <= end ? view.getUint16(next, true) : largestName
    if (next + 2 + length > end) throw new RangeError("a call ends in its method's name")
    header.name = decoder.decode(frame.bytes.subarray(next + 2, next + 2 + length))
    next += 2 + length
  }
  header.lengths = next
  const lists = (frame.flags & CallFlag.attachments) === 0 ? 1 : 2
  next += header.count * 4 * lists
  if (next > end) throw new RangeError('a call ends in its lengths')
  let payload = next
  for (let index = 0; index < header.count; index++) payload += view.getUint32(header.lengths + index * 4, true)
  if (payload !== end)
    throw new RangeError(`the arguments of a call have ${payload - next} bytes, the frame ${end - next}`)
  frame.position = next
}

/** Starts a `result`; the payload is written behind it. Returns where the frame starts, for {@link endFrame}. */
export function beginResult(out: ByteWriter, id: number, flags: number, tokens: readonly Token[] | undefined): number {
  const listed = tokens !== undefined && tokens.length > 0
  const start = beginFrame(out, FrameType.result, listed ? flags | ResultFlag.tokens : flags, id)
  if (!listed) return start
  out.reserve(4 + tokens.length * 8)
  writeTokens(out, tokens)
  return start
}

/** Reads the token list of a `result`; `frame.position` is at the payload afterwards. */
export function readResultTokens(frame: FrameReader): Token[] | undefined {
  return (frame.flags & ResultFlag.tokens) === 0 ? undefined : readTokens(frame)
}
