import type { EncodedValue, Token } from '../../wire/token.ts'
import type { ObjectPort } from '../object-engine.ts'
import type { ActorProxy } from './actor-proxy.ts'
import type { Peer } from './peer.ts'
import type { PendingCall } from './pending-call.ts'

/** The object that a call's result becomes. It settles once; whatever comes later is let go. */
export interface CallOutcome extends ObjectPort {
  /** The value is the outcome's from now on, with the tokens in it. */
  settle(value: EncodedValue): void
  /** Every `get` throws `error` from now on. */
  fail(error: unknown): void
}

/** What calls need from the engine that makes them. */
export interface CallOwner {
  /** Why nothing can be called any more; undefined while it can. */
  readonly lost: Error | undefined
  /** The connection to the thread or process of that number. If that is gone, what is sent to it is lost. */
  peer(session: number): Peer
  /** An object for what becomes of the call, which settles it. */
  outcome(call: PendingCall): CallOutcome
  releaseTokens(tokens: readonly Token[] | undefined): void
  /** Calls that have not been settled keep the event loop alive. */
  callStarted(call: PendingCall): void
  callEnded(call: PendingCall): void
  /** Somebody has begun to wait for the call. */
  awaited(call: PendingCall): void
}

/** What a proxy of an actor needs from its engine. */
export interface ProxyOwner extends CallOwner {
  /**
   * Takes a snapshot of the arguments, resolves refs among them, and calls `ready` when the call can be sent: at once, or later.
   * A call whose arguments can not be had is refused.
   */
  prepare(call: PendingCall, args: readonly unknown[], ready: () => void): void
  /**
   * Calls were lost with an instance that is thought to run. Whatever is the matter, the proxy is told: by `update` that there is another
   * instance, or none; or by `confirm` that there is no other.
   */
  doubted(proxy: ActorProxy): void
  /** Neither a handle nor a pending call needs the actor any more; `leases` are to be given back. */
  unused(proxy: ActorProxy, leases: number): void
}
