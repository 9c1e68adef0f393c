import type { IncomingCall } from './incoming-call.ts'

/** Whoever gets the answers of calls. Each call is answered once: what comes later is dropped. */
export interface Answering {
  /** Tells the callers of the whole runtime apart. */
  readonly key: string
  /** The call will be answered later. */
  opened(call: IncomingCall): void
  returned(call: IncomingCall, value: unknown): void
  /** The method threw. */
  threw(call: IncomingCall, error: unknown): void
  /** The call fails with an error that is not the method's: one of klaw's, or that of an argument. */
  refuse(call: IncomingCall, error: unknown): void
  /** The actor went away: whether the call was executed is for others to say. */
  lost(call: IncomingCall): void
  /** Calls back when the caller has gone; returns how to stop listening. */
  onEnd(listener: () => void): () => void
}

/** Runs calls: an actor's instance, one of its generators, or the tasks. */
export interface CallReceiver {
  /** Runs the call, now or when it is its turn, and has it answered. */
  accept(call: IncomingCall): void
}

/** Finds who runs the calls of a slot. */
export type FindReceiver = (slot: number) => CallReceiver | undefined
