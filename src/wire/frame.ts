import type { ByteWriter } from '../codec/byte-writer.ts'

/**
 * The frames of wire version 1; docs/wire.md is their reference and test/fixtures/frames/ their golden files.
 *
 * `u32 length` (of what follows it), `u8 type`, `u8 flags`, `u16 zero`, `u32 stream`, then the body. All integers are little endian.
 */

/** Where in a frame its type stands. */
export const typeOffset = 4
/** Where in a frame its stream stands. */
export const streamOffset = 8

/** Bytes from the start of a frame to its body. */
export const headerLength = 12

export const FrameType = {
  /** `u64 bytes` of the peer's stream have been received. Of connections that outlive their TCP connection: docs/gateway.md. */
  received: 0x01,
  /** Somebody is there? Answered by `pong`. */
  ping: 0x02,
  pong: 0x03,
  /** The connection is over and will not be resumed. */
  goodbye: 0x04,

  /** stream: request id. Body: codec value `[operation, argument]`. */
  request: 0x10,
  /** stream: request id. Flags: {@link FrameFlag.error}. Body: codec value. */
  response: 0x11,
  /** stream: request id. The requester no longer waits. */
  abort: 0x12,
  /** One-way. Body: codec value `[operation, argument]`. */
  event: 0x13,

  /** `u32 first sequence number, u32 count, count × u32 length, payload`; {@link FrameFlag.tokens} adds a token list before the payload. */
  send: 0x20,
  /** Hub to sender: `u32 slots`, `[u32 items accepted so far]`. With {@link FrameFlag.attempt} the answer to an attempt. */
  credit: 0x21,
  /**
   * `u32 slots` are missing to those who wait, `u32 slots` to be held at any time, `u32 operations` wait, `u32 slots` received so far. With
   * {@link FrameFlag.attempt}: `u32 slots`, that many now or none.
   */
  want: 0x22,
  /** `u32 slots` given back unused. With {@link FrameFlag.attempt}: the answer to a recall. */
  returnCredit: 0x23,
  /** Hub to sender: give unused slots back. */
  recallCredit: 0x24,
  /** The sending or receiving end is closed by its holder. */
  closeEnd: 0x25,
  /** Hub to an end: the other side is closed; for a receiver, nothing follows what was delivered. Body: codec value, an error or nothing. */
  ended: 0x26,

  /** `u32 items` wanted beyond those delivered, `u32 waiting` for one of them. With {@link FrameFlag.attempt}: those that are there now; answered by `deliver`, `probed`. */
  demand: 0x30,
  /** `u32 epoch, u32 first sequence number, u32 count, count × u32 length, [count × u32 delivery count], payload`. */
  deliver: 0x31,
  /** `u32 items`: the oldest delivered ones have been taken. */
  taken: 0x32,
  /** `u32 new epoch, u32 sequence number`: this and everything delivered later goes back; open demand is void. */
  giveBack: 0x33,
  /** Hub to receiver: another one waits; give back what is not needed now. */
  recallItems: 0x34,
  /** `u32 sequence number`: a delivery was acknowledged; with {@link FrameFlag.error} refused, to be delivered again. */
  acknowledge: 0x35,
  /** Hub to receiver: every item that an attempt could have is delivered. */
  probed: 0x36,
  /** Hub to a broadcast receiver: `u32 values` were overwritten before it took them. */
  lagged: 0x37,
  /** Hub to sender: `u32 receivers` hold the other side now. */
  holders: 0x38,

  /** stream: call id. Body: see wire/call-frames.ts. */
  call: 0x40,
  /** stream: call id. */
  result: 0x41,
  /** stream: call id. The caller wants the call cancelled. */
  cancelCall: 0x42,
  /** stream: call id. The caller waits for the call; body: the chain of calls that wait for it. */
  awaiting: 0x43,

  // Between a client and the agent of a Ray cluster; the stream is the object's number. Bodies: see wire/gateway-frames.ts.

  /** The value of an object that the client makes. */
  put: 0x50,
  /** Agent to client: the object of a `put` is in the store; with {@link FrameFlag.error} it has failed, body: codec value. */
  stored: 0x51,
  /** The object's value is wanted as soon as it is there; with {@link FrameFlag.error} no longer. */
  get: 0x52,
  /** Agent to client: the object's value; with {@link FrameFlag.error} what it failed with. */
  value: 0x53,
  /** Tell when the object has settled; with {@link FrameFlag.attempt} now, with {@link FrameFlag.error} no longer. */
  watch: 0x54,
  /** Agent to client: `u8` 0 pending (only after an attempt), 1 has a value, 2 has failed. */
  settled: 0x55,
  /** Calls a method of an actor; makes the object of its result. */
  invoke: 0x56,
  /** Counts of objects and actors that the client gives up. */
  release: 0x57,
  /** Bytes of a connection that the agent has opened on the client's behalf; with {@link FrameFlag.error} it is over, after these. */
  relay: 0x58,
} as const

export const FrameFlag = {
  error: 1,
  /** A list of handle tokens, `u32 count, count × (u32 connection, u32 number)`, stands before the payload. */
  tokens: 2,
  attempt: 4,
  /** Delivery counts stand after the lengths. */
  deliveryCounts: 8,
  /** The hub has more than was asked for. Of `put` and `value`: more of the value follows in another frame. */
  more: 16,
} as const

/** Starts a frame; returns where it starts, for {@link endFrame}. */
export function beginFrame(out: ByteWriter, type: number, flags: number, stream: number): number {
  const start = out.position
  out.reserve(headerLength)
  const view = out.view
  view.setUint32(start + 4, type | (flags << 8), true)
  view.setUint32(start + 8, stream, true)
  out.position = start + headerLength
  return start
}

/** Patches the length of the frame that started at `start`. */
export function endFrame(out: ByteWriter, start: number): void {
  out.view.setUint32(start, out.position - start - 4, true)
}

/** Writes a frame whose body is a few unsigned 32-bit integers. */
export function writeFrame(
  out: ByteWriter,
  type: number,
  flags: number,
  stream: number,
  first?: number,
  second?: number,
  third?: number,
  fourth?: number,
): void {
  const start = beginFrame(out, type, flags, stream)
  out.reserve(16)
  if (first !== undefined) {
    out.view.setUint32(out.position, first, true)
    out.position += 4
  }
  if (second !== undefined) {
    out.view.setUint32(out.position, second, true)
    out.position += 4
  }
  if (third !== undefined) {
    out.view.setUint32(out.position, third, true)
    out.position += 4
  }
  if (fourth !== undefined) {
    out.view.setUint32(out.position, fourth, true)
    out.position += 4
  }
  endFrame(out, start)
}

/** A cursor over one frame of a chunk; reused from frame to frame, so nobody keeps it. */
export class FrameReader {
  bytes: Uint8Array = empty
  view: DataView = new DataView(empty.buffer)
  type = 0
  flags = 0
  stream = 0
  /** Where the next read starts. */
  position = 0
  /** Where the frame ends. */
  end = 0
  attachments: readonly unknown[] | undefined

  open(bytes: Uint8Array, attachments: readonly unknown[] | undefined): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.attachments = attachments
    this.end = 0
  }

  /** Moves to the next frame; false at the end of the chunk. */
  next(): boolean {
    const start = this.end
    const available = this.bytes.byteLength - start
    if (available === 0) return false
    if (available < headerLength)
      throw new RangeError(`a frame header has ${headerLength} bytes, ${available} are left`)
    const length = this.view.getUint32(start, true)
    if (length < headerLength - 4 || length + 4 > available) {
      throw new RangeError(`a frame announces ${length} bytes, ${available - 4} are left`)
    }
    const word = this.view.getUint32(start + 4, true)
    this.type = word & 0xff
    this.flags = (word >>> 8) & 0xff
    this.stream = this.view.getUint32(start + 8, true)
    this.position = start + headerLength
    this.end = start + 4 + length
    return true
  }

  u32(): number {
    const position = this.position
    if (position + 4 > this.end) throw new RangeError('a frame ends in the middle of an integer')
    this.position = position + 4
    return this.view.getUint32(position, true)
  }

  /** Lets go of the chunk. */
  close(): void {
    this.bytes = empty
    this.attachments = undefined
    this.end = 0
  }
}

const empty = new Uint8Array(0)
