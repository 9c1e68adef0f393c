import { WaiterList } from '../../core/waiters.ts'
import { ActorUnavailableError, PendingCallsLimitExceeded } from '../../errors.ts'
import type { CallSpec } from '../actor-engine.ts'
import type { ActorAbout, ActorState } from './actor-state.ts'
import type { CallOutcome, ProxyOwner } from './call-owner.ts'
import type { Peer } from './peer.ts'
import { type CallTarget, PendingCall } from './pending-call.ts'
import { hasRefs } from './prepare-call.ts'

/** Somebody who wants to know when the actor is there. */
export interface ReadyWaiter {
  alive(): void
  failed(error: unknown): void
}

/**
 * An actor as one thread or process sees it: where it is, the calls that can not be sent yet, and those that were lost with it.
 *
 * The order of its caller's calls is kept: while anything is queued, everything is.
 */
export class ActorProxy implements CallTarget {
  readonly owner: ProxyOwner
  readonly actor = this
  id: string
  about: ActorAbout
  /** Set when the actor turned out to be one that exists already. */
  joined: ActorProxy | undefined = undefined
  state: ActorState = { t: 'pending' }
  #peer: Peer | undefined = undefined
  readonly #queue = new WaiterList<PendingCall>()
  /** Calls that were lost; the owner's next word about the actor decides what becomes of them. */
  #undecided: PendingCall[] = []
  #ready: Set<ReadyWaiter> | undefined
  #nextCall = 0
  #pending = 0
  #handles = 0
  /** What is to be given back when nothing here needs the actor any more. */
  #leases = 0
  /** Proxies that have joined this one. */
  #followers: Set<ActorProxy> | undefined

  constructor(owner: ProxyOwner, id: string, about: ActorAbout) {
    this.owner = owner
    this.id = id
    this.about = about
  }

  call(method: string, args: readonly unknown[], spec: CallSpec | undefined): CallOutcome {
    return this.begin(method, args, spec).outcome
  }

  /** Begins a call. With `refusal` it is not made, and fails with that. */
  begin(method: string, args: readonly unknown[], spec: CallSpec | undefined, refusal?: Error): PendingCall {
    const { owner, about } = this
    const retries = spec?.maxTaskRetries ?? about.maxTaskRetries
    const call = new PendingCall(this, method, this.#nextCall++, retries, spec?.retryExceptions ?? false)
    call.usualRetries = spec?.maxTaskRetries === undefined
    call.outcome = owner.outcome(call)
    this.#pending++
    owner.callStarted(call)
    const refused = refusal ?? this.#refusal(call)
    if (refused !== undefined) {
      call.refuse(refused)
      return call
    }
    if (retries === 0 && this.#queue.length === 0 && !hasRefs(args) && this.#sendNow(call, args)) return call
    this.#queue.push(call)
    owner.prepare(call, args, () => this.#pump())
    return call
  }

  /** Sends a call whose arguments can leave as they are, if the actor is there. False when it has to wait. */
  #sendNow(call: PendingCall, args: readonly unknown[]): boolean {
    const { state } = this
    if (state.t !== 'alive') return false
    const peer = this.#connect(state.session)
    if (peer.lost) return false
    try {
      const id = peer.trySend(call, state.slot, call.method, args)
      if (id === 0) return false
      call.sent(peer, state.slot, id)
    } catch (error) {
      call.refuse(error)
    }
    return true
  }

  /** The connection to where the actor is, made when there is something to send. */
  #connect(session: number): Peer {
    this.#peer ??= this.owner.peer(session)
    return this.#peer
  }

  /** Why a new call can not even wait. */
  #refusal(call: PendingCall): Error | undefined {
    if (this.owner.lost !== undefined) return this.owner.lost
    if (this.state.t === 'dead') return this.state.error
    const limit = this.about.maxPendingCalls
    return limit < 0 || this.#pending <= limit ? undefined : this.#tooMany(call)
  }

  #tooMany(call: PendingCall): PendingCallsLimitExceeded {
    return new PendingCallsLimitExceeded(
      `${this.describe(call)}: ${this.about.maxPendingCalls} calls are pending already, which is this actor's 'maxPendingCalls'`,
    )
  }

  describe(call: PendingCall): string {
    return `${this.about.description.name}.${call.method}`
  }

  /** The owner's word about the actor. */
  update(state: ActorState): void {
    if (this.state.t === 'dead') return
    // A handle that arrives brings news that may be older than what is under way about the same instance.
    if (state.t === 'alive' && this.isAt(state.session, state.slot)) return
    const before = this.#peer
    this.state = state
    this.#peer = undefined
    if (before !== undefined && (state.t === 'restarting' || state.t === 'dead') && state.killed)
      this.#forgetSent(before)
    const undecided = this.#undecided.sort((a, b) => a.number - b.number)
    this.#undecided = []
    this.#decide(undecided)
    if (state.t === 'dead') this.fail(state.error)
    if (state.t === 'alive') for (const waiter of [...(this.#ready ?? [])]) waiter.alive()
    this.#pump()
    for (const follower of [...(this.#followers ?? [])]) follower.update(state)
  }

  /** Everything that waits fails. */
  fail(error: unknown): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) call.refuse(error)
    const undecided = this.#undecided
    this.#undecided = []
    for (const call of undecided) call.refuse(error)
    for (const waiter of [...(this.#ready ?? [])]) waiter.failed(error)
  }

  /** Says when the actor is there; returns how to stop waiting. */
  whenReady(waiter: ReadyWaiter): () => void {
    this.#ready ??= new Set()
    this.#ready.add(waiter)
    return () => this.#ready?.delete(waiter)
  }

  lost(call: PendingCall): void {
    const current = call.peer !== undefined && this.isAt(call.peer.session, call.slot)
    call.peer = undefined
    if (this.owner.lost !== undefined) call.refuse(this.owner.lost)
    else if (!current && this.state.t !== 'pending') this.#decide([call])
    else if (this.#undecided.push(call) === 1) this.owner.doubted(this)
  }

  /** Whether the instance in that slot, there, is the one that runs, as far as is known. */
  isAt(session: number, slot: number): boolean {
    const { state } = this
    return state.t === 'alive' && state.slot === slot && state.session === session
  }

  /** What holds for calls that could not be sent yet is known only now. */
  learn(about: ActorAbout): void {
    const before = this.about
    this.about = about
    if (before.maxTaskRetries === about.maxTaskRetries && before.maxPendingCalls === about.maxPendingCalls) return
    let room = about.maxPendingCalls < 0 ? this.#pending : about.maxPendingCalls
    for (const call of [...this.#queue]) {
      if (call.usualRetries) call.retries = about.maxTaskRetries
      if (room-- <= 0) call.refuse(this.#tooMany(call))
    }
  }

  /**
   * The instance that was known is gone, or out of reach, and nothing of it counts any more. What becomes of the calls that it had is decided by the next
   * {@link update}.
   */
  suspend(): void {
    if (this.state.t === 'dead') return
    const before = this.#peer
    this.#peer = undefined
    this.state = { t: 'pending' }
    if (before !== undefined) this.#forgetSent(before)
    if (this.#undecided.length > 0) this.owner.doubted(this)
  }

  /** The instance that was {@link ProxyOwner.doubted} is the one that runs: all that has ended is the connection to it. */
  confirm(): void {
    this.#peer = undefined
    this.#decide(this.#undecided.splice(0))
    this.#pump()
  }

  again(call: PendingCall): void {
    call.peer = undefined
    this.#requeue([call])
    this.#pump()
  }

  done(call: PendingCall): void {
    const waited = this.#queue.remove(call)
    this.#pending--
    this.owner.callEnded(call)
    // It may have been what the others waited behind.
    if (waited) this.#pump()
    this.#leaveIfUnused()
  }

  cancelSent(call: PendingCall): void {
    call.peer?.cancel(call.id)
  }

  awaited(call: PendingCall): void {
    this.owner.awaited(call)
  }

  /** One more handle; `leases` says how many have been counted for it elsewhere. */
  retain(leases: number): void {
    this.#handles++
    this.#leases += leases
  }

  release(): void {
    this.#handles--
    this.#leaveIfUnused()
  }

  /** Where new calls go: to the actor that this one has joined, once that can not overtake calls which wait here. */
  get current(): ActorProxy {
    return this.joined !== undefined && this.#pending === 0 ? this.joined.current : this
  }

  /** The actor exists already, and `other` stands for it. */
  join(other: ActorProxy): void {
    this.joined = other
    this.about = other.about
    other.retain(0)
    other.#followers ??= new Set()
    other.#followers.add(this)
    this.update(other.state)
  }

  #leaveIfUnused(): void {
    if (this.#handles > 0 || this.#pending > 0) return
    const leases = this.#leases
    this.#leases = 0
    if (this.joined !== undefined) {
      this.joined.#followers?.delete(this)
      this.joined.release()
      this.joined = undefined
    }
    this.owner.unused(this, leases)
  }

  /** Calls in flight will not be answered any more. */
  #forgetSent(peer: Peer): void {
    for (const call of peer.withdraw((caller) => caller instanceof PendingCall && caller.target.actor === this)) {
      this.#undecided.push(call as PendingCall)
    }
  }

  /** What becomes of calls that were lost with an instance that is no more. */
  #decide(calls: readonly PendingCall[]): void {
    const again: PendingCall[] = []
    for (const call of calls) {
      call.peer = undefined
      if (call.over) continue
      if (call.cancelled) call.refuse(call.cancellation())
      else if (this.state.t === 'dead') call.refuse(this.state.error)
      else if (call.takeRetry()) again.push(call)
      else call.refuse(this.#unavailable(call))
    }
    if (again.length === 0) return
    this.#requeue(again)
    this.#pump()
  }

  #unavailable(call: PendingCall): ActorUnavailableError {
    return new ActorUnavailableError(
      `${this.describe(call)}: the actor ${this.id} went away while the call was in flight; it may or may not have been executed`,
      { actorId: this.id },
    )
  }

  /** Puts calls back into the queue, where they stood before those that were made later. */
  #requeue(calls: readonly PendingCall[]): void {
    const all = [...this.#queue, ...calls].sort((a, b) => a.number - b.number)
    while (this.#queue.shift() !== undefined);
    for (const call of all) this.#queue.push(call)
  }

  #pump(): void {
    const { state } = this
    if (state.t !== 'alive' || this.#queue.length === 0) return
    const peer = this.#connect(state.session)
    for (let head = this.#queue.first; head?.prepared === true && !peer.lost; head = this.#queue.first) {
      this.#queue.shift()
      try {
        head.sent(peer, state.slot, peer.send(head, state.slot, head.method, head.sendableArgs(), head.resolve))
      } catch (error) {
        head.refuse(error)
      }
    }
  }
}
