import type { DecodeContext } from '../../codec/handles.ts'

/** Something that a value holds by a handle inside it. */
export interface Held {
  retain(): void
  release(): void
}

/** How the handles in a value from the agent are to be taken. */
export interface ArrivalContext extends DecodeContext {
  /** These bytes have been decoded before: the agent has counted what is in them once, and that has been taken note of. */
  readonly again?: boolean | undefined
  /** Collects what the value holds. */
  readonly held?: Held[] | undefined
  /** The bytes are packed arguments, in which refs, actors and queues are indexes into these (packing.ts). */
  readonly packed?: readonly unknown[] | undefined
}
