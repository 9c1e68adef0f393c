import { randomBytes } from 'node:crypto'
import { RayError } from '../../../errors.ts'

/** The first bytes in both directions of a lane; docs/gateway.md is their reference. */

/** Bytes of the agent's answer. */
export const answerLength = 16
export const helloLength = 64
export const version = 1
export const resumeFlag = 1
export const tokenLength = 32
/** Seconds for which a connection is kept at most. */
export const longestGrace = 3_600

export const HelloStatus = {
  welcome: 0,
  wrongToken: 1,
  unsupportedVersion: 2,
  unknownConnection: 3,
  ending: 4,
} as const

/** Who says hello: the same for all lanes of a connection. */
export interface Identity {
  /** The session's secret, 32 bytes. */
  readonly token: Uint8Array
  /** The connection's id, 16 random bytes. */
  readonly connection: Uint8Array
  /** Whole seconds for which the connection is kept when it is lost; 0: as long as agents do by themselves. */
  readonly grace: number
}

/** What the agent answers. */
export interface HelloAnswer {
  readonly version: number
  readonly status: number
  /** Bytes of this side's stream that the agent has. */
  readonly received: number
}

/**
 * A connection that nobody has yet.
 *
 * @param gracePeriod milliseconds for which it is kept when it is lost: a second at least, an hour at most. Default: as long as agents do by themselves
 * @throws {RayError} when the token is not 32 bytes as hex
 */
export function newIdentity(token: string, gracePeriod?: number): Identity {
  const bytes = new Uint8Array(Buffer.from(token, 'hex'))
  if (bytes.length !== tokenLength) throw new RayError(`the agent's token must be ${tokenLength} bytes as hex`)
  const grace = gracePeriod === undefined ? 0 : Math.min(Math.max(Math.ceil(gracePeriod / 1_000), 1), longestGrace)
  return { token: bytes, connection: new Uint8Array(randomBytes(16)), grace }
}

/** `received`: bytes of the agent's stream that are here. `resume`: the agent has welcomed the connection before. */
export function writeHello(identity: Identity, resume: boolean, received: number): Uint8Array {
  const bytes = new Uint8Array(helloLength)
  bytes.set(magic)
  bytes[4] = version
  bytes[5] = resume ? resumeFlag : 0
  const view = new DataView(bytes.buffer)
  view.setUint16(6, identity.grace, true)
  bytes.set(identity.token, 8)
  bytes.set(identity.connection, 40)
  view.setBigUint64(56, BigInt(received), true)
  return bytes
}

/** The answer at the start of `bytes`, or undefined if that is something else. Its first bytes can be judged before the rest is there. */
export function readAnswer(bytes: Uint8Array): HelloAnswer | undefined {
  if (!startsLikeAnswer(bytes)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, answerLength)
  const received = view.getBigUint64(8, true)
  if (received > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { version: view.getUint8(4), status: view.getUint8(5), received: Number(received) }
}

/** Whether `bytes`, however few, can be the start of a hello or of an answer. */
export function startsLikeAnswer(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => index >= bytes.length || bytes[index] === byte)
}

/** Why the agent did not welcome the connection; undefined if it did. */
export function refusal(answer: HelloAnswer): RayError | undefined {
  switch (answer.status) {
    case HelloStatus.welcome:
      if (answer.version === version) return undefined
      return new RayError(`the agent speaks version ${answer.version} of the protocol, this client version ${version}`)
    case HelloStatus.wrongToken:
      return new RayError("the agent refused the connection: the token is not this session's")
    case HelloStatus.unsupportedVersion:
      return new RayError(
        `the agent refused the connection: it speaks version ${answer.version} of the protocol, this client version ${version}`,
      )
    case HelloStatus.unknownConnection:
      return new RayError('the agent refused to resume the connection: it does not know it, or no longer')
    case HelloStatus.ending:
      return new RayError('the agent refused the connection: it is ending')
    default:
      return new RayError(
        `the agent refused the connection for a reason that this client does not know: ${answer.status}`,
      )
  }
}

export const magic = new TextEncoder().encode('KLAW')
