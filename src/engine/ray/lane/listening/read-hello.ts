import { timingSafeEqual } from 'node:crypto'
import { answerLength, HelloStatus, longestGrace, magic, resumeFlag, startsLikeAnswer, version } from '../hello.ts'

/** What somebody with the right token says. */
export interface Hello {
  /** The connection's id, in hex. */
  readonly connection: string
  /** Whether the connection has been welcomed before. */
  readonly resume: boolean
  /** Bytes of this side's stream that the other one has. */
  readonly received: number
  /** Seconds for which the connection is to be kept when it is lost; 0: as long as this side does by itself. */
  readonly grace: number
}

/** The hello in `bytes`, which have its length and begin like one; or the status to refuse it with. */
export function readHello(bytes: Uint8Array, token: Uint8Array): Hello | number {
  if (!startsLikeAnswer(bytes)) throw new RangeError('what came is no hello')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = view.getUint8(5)
  if (view.getUint8(4) !== version || (flags & ~resumeFlag) !== 0) return HelloStatus.unsupportedVersion
  if (!timingSafeEqual(bytes.subarray(8, 40), token)) return HelloStatus.wrongToken
  const received = view.getBigUint64(56, true)
  // Nobody has so much of it: no connection can go on there.
  if (received > BigInt(Number.MAX_SAFE_INTEGER)) return HelloStatus.unknownConnection
  return {
    connection: Buffer.from(bytes.subarray(40, 56)).toString('hex'),
    resume: (flags & resumeFlag) !== 0,
    received: Number(received),
    grace: Math.min(view.getUint16(6, true), longestGrace),
  }
}

/** `received`: bytes of the other side's stream that are here. */
export function writeAnswer(status: number, received = 0): Uint8Array {
  const bytes = new Uint8Array(answerLength)
  bytes.set(magic)
  bytes[4] = version
  bytes[5] = status
  new DataView(bytes.buffer).setBigUint64(8, BigInt(received), true)
  return bytes
}
