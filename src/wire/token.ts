/**
 * Stands for a handle (an object ref, an actor handle, a channel end) that is under way inside a value.
 *
 * `origin` is the number of the session that made it, `number` counts within that session.
 */
export interface Token {
  readonly origin: number
  readonly number: number
}

/** A value as bytes, with what it carries beside them. */
export interface EncodedValue {
  readonly bytes: Uint8Array
  readonly attachments?: readonly unknown[] | undefined
  /** The handles inside, so that whoever drops the value unread can release them. */
  readonly tokens?: readonly Token[] | undefined
}

/** What a token stands for. The numbers are part of the wire format. */
export const HandleKind = {
  objectRef: 1,
  actor: 2,
  sender: 3,
  receiver: 4,
  broadcastSender: 5,
  broadcastReceiver: 6,
  watchSender: 7,
  watchReceiver: 8,
  oneshotSender: 9,
  oneshotReceiver: 10,
  /** Its detail is the handle of the actor behind it; it has no token of its own. */
  queue: 11,
  /** Stands for a whole message, which is too large to go through a hub: a Ray object that the hub owns. Only at the top of a message. */
  storedMessage: 12,
} as const

export type HandleKind = (typeof HandleKind)[keyof typeof HandleKind]

/** A key for maps. */
export function tokenKey(token: Token): string {
  return `${token.origin}.${token.number}`
}
