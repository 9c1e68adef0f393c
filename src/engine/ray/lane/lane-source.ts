import type { Welcome } from './handshake.ts'
import type { LaneKind } from './lane.ts'

/** How the last lane of a connection ended. */
export interface LostLane {
  /** Bytes of the peer's stream that are here. */
  readonly received: number
  readonly reason: Error | undefined
  /** How many lanes in a row did not live long. */
  readonly flaps: number
}

/** Where the next lane of a connection comes from: the side that has dialled dials again, the other one waits for that. */
export interface LaneSource {
  readonly kind: LaneKind
  /** What errors call the other side: `'the agent'`. */
  readonly peer: string
  /** Whether this side asks a peer that is silent while something waits for it, and takes the lane for lost in the end. */
  readonly asks: boolean
  /** Called in place of that, where the other side may be silent because it is busy. */
  readonly silent?: (() => void) | undefined
  /** The next lane. Rejects with why there will be none. What it does once the signal aborts is nobody's concern, but it ends. */
  next(lost: LostLane, signal: AbortSignal): Promise<Welcome>
  /** The connection is over: called once. */
  over?(): void
}
