import { KlawError } from '../../../errors.ts'
import { type HandleKind, type Token, tokenKey } from '../../../wire/token.ts'
import type { Session } from './session.ts'

/** Something of which handles can be passed on: a side of a channel, an actor, an object. Counts who holds it. */
export interface Leasable {
  /** A token now holds it too. */
  retain(): void
  /** A token no longer holds it. */
  release(): void
  /** `session` becomes a holder, while the token stays one. `stream` is the number of its new end, for channels. */
  claim(session: Session, stream: number): void
}

/** Finds what a handle of this kind stands for. */
export type LeaseResolver = (id: string, session: Session) => Leasable

interface Transit {
  readonly resource: Leasable
  /** The session that is to claim it, if it goes to one session directly and not through the hub. */
  readonly target: number | undefined
}

/**
 * The handles that are under way inside values.
 *
 * A token is made by the session that encodes the handle and holds the resource until it is released: by the hub when the
 * item that carries it is done with, by the caller when the call that carried it has been answered, or when its target ends.
 */
export class Leases {
  readonly #resolvers = new Map<HandleKind, LeaseResolver>()
  readonly #transits = new Map<string, Transit>()

  resolver(kind: HandleKind, resolver: LeaseResolver): void {
    this.#resolvers.set(kind, resolver)
  }

  /** Event `lease.export`. */
  export(session: Session, token: Token, kind: HandleKind, id: string, target?: number): void {
    const resolve = this.#resolvers.get(kind)
    if (resolve === undefined) throw new KlawError(`there is no handle of kind ${kind}`)
    const resource = resolve(id, session)
    resource.retain()
    this.#transits.set(tokenKey(token), { resource, target })
  }

  /** Event `lease.claim`. An unknown token has been released: the claim comes from a value that was dropped. */
  claim(session: Session, token: Token, stream: number): boolean {
    const transit = this.#transits.get(tokenKey(token))
    if (transit === undefined) return false
    transit.resource.claim(session, stream)
    return true
  }

  /** Event `lease.release`; idempotent. */
  release(tokens: readonly Token[]): void {
    for (const token of tokens) {
      const key = tokenKey(token)
      const transit = this.#transits.get(key)
      if (transit === undefined) continue
      this.#transits.delete(key)
      transit.resource.release()
    }
  }

  /** Releases what only the session `id` could have claimed. */
  sessionEnded(id: number): void {
    for (const [key, transit] of this.#transits) {
      if (transit.target !== id) continue
      this.#transits.delete(key)
      transit.resource.release()
    }
  }

  get size(): number {
    return this.#transits.size
  }
}
