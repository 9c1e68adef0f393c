import type { KlawError } from '../../../errors.ts'
import type { Fetched } from '../borrowed-object.ts'
import type { Leasable } from './leases.ts'
import type { Session } from './session.ts'

/** Where a record stands. */
export interface RecordHome {
  /** `session` now holds the object, or no longer does. */
  held(session: number, record: ObjectRecord, holds: boolean): void
  /** Nobody holds the object, and no handle of it is under way. */
  unheld(record: ObjectRecord): void
}

/** An object that has left its owner's thread. It is there as long as a session or a token holds it. */
export class ObjectRecord implements Leasable {
  readonly id: string
  /** Undefined for an object that the hub learns of when it is gone already. */
  readonly owner: Session | undefined
  /** Bytes of the value on the store's account. */
  counted = 0
  readonly #home: RecordHome
  #outcome: Fetched | undefined
  #lost: KlawError | undefined
  #tokens = 0
  /** The leases of each session: one for each time that it got to know the object anew. */
  readonly #holders = new Map<Session, Set<number>>()
  readonly #waiters = new Set<Waiting>()

  constructor(id: string, owner: Session | undefined, home: RecordHome) {
    this.id = id
    this.owner = owner
    this.#home = home
  }

  get pending(): boolean {
    return this.#outcome === undefined && this.#lost === undefined
  }

  get outcome(): Fetched | undefined {
    return this.#outcome
  }

  /** The value, or that there is none yet. Throws when there is none any more. */
  peek(): Fetched | undefined {
    if (this.#lost !== undefined) throw this.#lost
    return this.#outcome
  }

  /** Waits for the value. Rejects when there will be none, or none any more. */
  fetch(signal: AbortSignal): Promise<Fetched> | Fetched {
    const outcome = this.peek()
    if (outcome !== undefined) return outcome
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve, reject, end: () => signal.removeEventListener('abort', abort) }
      const abort = () => {
        this.#waiters.delete(waiting)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiting)
    })
  }

  /** The owner has the value. Returns false when it comes too late. */
  settle(outcome: Fetched): boolean {
    if (!this.pending) return false
    this.#outcome = outcome
    for (const waiting of this.#waiters) {
      waiting.end()
      waiting.resolve(outcome)
    }
    this.#waiters.clear()
    return true
  }

  /** There is no value, or no more. Everybody who holds the object is told. Returns what the value was. */
  lose(error: KlawError): Fetched | undefined {
    const outcome = this.#outcome
    this.#outcome = undefined
    this.#lost = error
    for (const waiting of this.#waiters) {
      waiting.end()
      waiting.reject(error)
    }
    this.#waiters.clear()
    for (const session of this.#holders.keys()) session.connection.notify('object.lost', { id: this.id, error })
    return outcome
  }

  retain(): void {
    this.#tokens++
  }

  release(): void {
    this.#tokens--
    this.#checkHeld()
  }

  /** Claiming again by the same lease counts once. */
  claim(session: Session, lease: number): void {
    const leases = this.#holders.get(session)
    if (leases !== undefined) {
      leases.add(lease)
      return
    }
    this.#holders.set(session, new Set([lease]))
    this.#home.held(session.id, this, true)
  }

  releaseLease(session: Session, lease: number): void {
    const leases = this.#holders.get(session)
    if (leases?.delete(lease) === true && leases.size === 0) this.releaseSession(session)
  }

  /** The session no longer holds the object. */
  releaseSession(session: Session): void {
    if (!this.#holders.delete(session)) return
    this.#home.held(session.id, this, false)
    this.#checkHeld()
  }

  #checkHeld(): void {
    if (this.#tokens === 0 && this.#holders.size === 0) this.#home.unheld(this)
  }
}

interface Waiting {
  resolve(outcome: Fetched): void
  reject(error: unknown): void
  /** Stops listening to the signal. */
  end(): void
}
