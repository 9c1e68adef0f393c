import { Waiter } from '../../core/waiters.ts'
import { RayTaskError, TaskCancelledError } from '../../errors.ts'
import type { EncodedValue, Token } from '../../wire/token.ts'
import type { ObjectPort } from '../object-engine.ts'
import type { CallOutcome, CallOwner } from './call-owner.ts'
import type { Errand } from './deadlock-watch.ts'
import type { Caller, Peer } from './peer.ts'

/** Where a call goes: an actor, or the workers for tasks. */
export interface CallTarget {
  readonly owner: CallOwner
  /** The actor that it is, or belongs to. */
  readonly actor?: object
  /** Names the call in errors, as in `Counter.add`. */
  describe(call: PendingCall): string
  /** The call has left; its callee went away. */
  lost(call: PendingCall): void
  /** The call is to run again. */
  again(call: PendingCall): void
  /** The call has been settled. */
  done(call: PendingCall): void
  /** A call that has been sent is to be cancelled. */
  cancelSent(call: PendingCall, force: boolean): void
  /** Somebody waits for the call's outcome. */
  awaited(call: PendingCall): void
}

/**
 * A call that has been made here, from `remote()` until its outcome has settled.
 *
 * Stands in its target's queue while it can not be sent.
 */
export class PendingCall extends Waiter implements Caller {
  readonly target: CallTarget
  readonly method: string
  /** Counts the calls of a target in the order in which they were made. */
  readonly number: number
  outcome!: CallOutcome
  /** Whether all arguments are there, and the handles in them can be claimed. */
  prepared = false
  /** Arguments that are refs are the callee's to resolve. */
  resolve = false
  /** The encoded arguments; kept while the call may have to be sent (again). */
  args: EncodedValue[] | undefined = undefined
  /** Objects that stand for arguments, held until the call is over. */
  inputs: ObjectPort[] | undefined = undefined
  /** Handles in the arguments, released when the call is over. */
  tokens: Token[] | undefined = undefined
  /** How often it may run again; -1 is without limit. */
  retries: number
  /** Whether that is how often any call of its target may. */
  usualRetries = false
  readonly retryExceptions: boolean
  /** Where it was sent to, and under which number. */
  peer: Peer | undefined = undefined
  id = 0
  /** The instance that it was sent to last: the thread or process, and its slot there. No session is 0. */
  session = 0
  slot = 0
  cancelled = false
  /** On whose behalf it was made; undefined when that is not known, or nobody in particular. */
  errand: Errand | undefined = undefined
  /** Somebody here waits for it, or has waited. */
  waitedFor = false
  /** The outcome has, or never will have, its value from this call. */
  over = false

  constructor(target: CallTarget, method: string, number: number, retries: number, retryExceptions: boolean) {
    super()
    this.target = target
    this.method = method
    this.number = number
    this.retries = retries
    this.retryExceptions = retryExceptions
  }

  /** Whether it has ever left for its callee. */
  get wasSent(): boolean {
    return this.session !== 0
  }

  /** Uses up a retry; false when there is none, or nobody wants the result any more. */
  takeRetry(): boolean {
    if (this.retries === 0 || this.cancelled) return false
    if (this.retries > 0) this.retries--
    return true
  }

  sent(peer: Peer, slot: number, id: number): void {
    this.peer = peer
    this.session = peer.session
    this.slot = slot
    this.id = id
    if (this.retries === 0) this.args = undefined
    // It is another callee now that has to be told.
    if (this.errand !== undefined) this.errand.announced = false
  }

  /** The arguments, of which moved buffers will be gone afterwards unless the call may run again. */
  sendableArgs(): readonly EncodedValue[] {
    const args = this.args ?? []
    return this.retries === 0 ? args : args.map(copyOfMoved)
  }

  /** Ends the call with an error of klaw. Does nothing when it has ended. */
  refuse(error: unknown): void {
    if (this.over) return
    this.#finish()
    this.outcome.fail(error)
  }

  succeeded(value: EncodedValue): void {
    if (this.over) {
      this.target.owner.releaseTokens(value.tokens)
      return
    }
    this.#finish()
    this.outcome.settle(value)
  }

  failed(error: unknown, refused: boolean): void {
    if (refused || this.over) this.refuse(error)
    else if (this.retryExceptions && this.takeRetry()) this.target.again(this)
    else this.refuse(thrownBy(this.target.describe(this), error))
  }

  lost(): void {
    if (!this.over) this.target.lost(this)
  }

  awaited(): void {
    if (this.over || this.waitedFor) return
    this.waitedFor = true
    this.target.awaited(this)
  }

  cancel(force: boolean): void {
    if (this.over) return
    this.cancelled = true
    if (this.peer === undefined) this.refuse(this.cancellation())
    else this.target.cancelSent(this, force)
  }

  cancellation(): TaskCancelledError {
    return new TaskCancelledError(`${this.target.describe(this)} was cancelled`)
  }

  #finish(): void {
    this.over = true
    this.peer = undefined
    this.args = undefined
    if (this.inputs !== undefined) {
      for (const input of this.inputs) input.release()
      this.inputs = undefined
    }
    if (this.tokens !== undefined) {
      this.target.owner.releaseTokens(this.tokens)
      this.tokens = undefined
    }
    this.target.done(this)
  }
}

/** What a call fails with when the method threw `cause`. */
function thrownBy(what: string, cause: unknown): RayTaskError {
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  return new RayTaskError(`${what} threw ${text}`, { cause })
}

function copyOfMoved(value: EncodedValue): EncodedValue {
  if (value.attachments === undefined) return value
  const attachments = value.attachments.map((part) => (part instanceof ArrayBuffer ? part.slice(0) : part))
  return { ...value, attachments }
}
