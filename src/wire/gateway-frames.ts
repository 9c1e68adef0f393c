import type { ByteWriter } from '../codec/byte-writer.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType } from './frame.ts'

/**
 * The bodies of the frames between a client and the agent of a Ray cluster; docs/gateway.md is their reference.
 *
 * `put`, `value`: the first frame `u64 bytes of the whole value`, then, as all later ones, bytes of the value.
 * `invoke`: `u32 actor, u16 method, u16 count, [u16 length, name], count × u32 length, payload`.
 * `release`: `u32 count, count × (u32 number, u32 counts)`. `settled`: `u8 state`.
 */

/** Flags of `invoke`. */
export const InvokeFlag = {
  /** The method's name follows the count. */
  named: 16,
} as const

/** Flags of the first frame of `put` and `value`. */
export const ValueFlag = {
  /** The value is a message's bytes: they are stored as they are, and belong to the hub. */
  ofMessage: 64,
} as const

/** Bytes of a value that go into one frame; larger ones are cut, so that frames of others go in between. */
export const largestPart = 1024 * 1024

/** What `settled` says of an object. */
export const ObjectState = { pending: 0, value: 1, failed: 2 } as const

/** Methods may have as many different names in one connection as fit the wire's 16 bits. */
export const mostMethods = 0xffff

const encoder = new TextEncoder()
const largestName = 0xffff
const twoTo32 = 2 ** 32

export function writeUint64(out: ByteWriter, value: number): void {
  out.reserve(8)
  out.view.setUint32(out.position, value % twoTo32, true)
  out.view.setUint32(out.position + 4, Math.floor(value / twoTo32), true)
  out.position += 8
}

/** Throws a `RangeError` for what is no safe integer. */
export function readUint64(frame: FrameReader): number {
  const low = frame.u32()
  const value = low + frame.u32() * twoTo32
  if (!Number.isSafeInteger(value)) throw new RangeError(`a frame announces ${value} bytes`)
  return value
}

/** Starts the first frame of a `put`, with {@link ValueFlag}s; bytes of the value are written behind it. Returns where it starts, for {@link endFrame}. */
export function beginPut(out: ByteWriter, stream: number, total: number, more: boolean, flags = 0): number {
  const start = beginFrame(out, FrameType.put, flags | (more ? FrameFlag.more : 0), stream)
  writeUint64(out, total)
  return start
}

/**
 * Starts an `invoke` whose arguments are written behind it; returns where their lengths stand.
 */
export function beginInvoke(
  out: ByteWriter,
  object: number,
  actor: number,
  method: number,
  name: string | undefined,
  count: number,
): number {
  const named = name === undefined ? undefined : encoder.encode(name)
  if (named !== undefined && named.byteLength > largestName) throw new RangeError('a method name is too long')
  if (count > 0xffff) throw new RangeError(`a call has at most ${0xffff} arguments, got ${count}`)
  beginFrame(out, FrameType.invoke, named === undefined ? 0 : InvokeFlag.named, object)
  out.reserve(10 + (named?.byteLength ?? 0) + count * 4)
  const { view } = out
  let position = out.position
  view.setUint32(position, actor, true)
  view.setUint16(position + 4, method, true)
  view.setUint16(position + 6, count, true)
  position += 8
  if (named !== undefined) {
    view.setUint16(position, named.byteLength, true)
    out.bytes.set(named, position + 2)
    position += 2 + named.byteLength
  }
  out.position = position + count * 4
  return position
}

/** Writes a `release`: how many counts of which number. */
export function writeRelease(out: ByteWriter, counts: ReadonlyMap<number, number>): void {
  const start = beginFrame(out, FrameType.release, 0, 0)
  out.writeUint32(counts.size)
  out.reserve(counts.size * 8)
  for (const [number, count] of counts) {
    out.writeUint32(number)
    out.writeUint32(count)
  }
  endFrame(out, start)
}
