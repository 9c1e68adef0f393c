import type { ActorDescription } from '../definition.ts'

/** What the hub says about an actor. */
export type ActorState =
  /** It waits for its arguments, for resources, or for its constructor. */
  | { readonly t: 'pending' }
  /** The thread and the place in it where its instance is. */
  | { readonly t: 'alive'; readonly session: number; readonly slot: number }
  /** It went away and comes back. `killed`: calls in flight will not be answered, even though the thread may be there. */
  | { readonly t: 'restarting'; readonly killed: boolean }
  | { readonly t: 'dead'; readonly error: Error; readonly killed: boolean }

/** What a caller has to know of an actor. */
export interface ActorAbout {
  readonly description: ActorDescription
  readonly maxTaskRetries: number
  readonly maxPendingCalls: number
}

/** Event `actor.state`, from the hub to everybody who holds a handle. */
export interface ActorNews {
  readonly id: string
  readonly state: ActorState
  /** The actor was asked for under this id; it joins one that exists. */
  readonly alias?: string | undefined
  /** With `alias`. */
  readonly about?: ActorAbout | undefined
}
