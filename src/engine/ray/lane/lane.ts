/**
 * Which way the bytes go: over a TCP connection, through calls over the cluster's client port, or, to another process of the cluster than the session's
 * agent, through that agent.
 */
export type LaneKind = 'direct' | 'tunnel' | 'relay'

/** Gets what a {@link Lane} brings. */
export interface LaneListener {
  /** The listener owns the bytes. */
  data(bytes: Uint8Array): void
  /** Where a lane that can do so may put the next bytes itself, to be followed by {@link filled}; undefined: it brings them by {@link data}. */
  room?(): Uint8Array | undefined
  /** So many bytes stand at the beginning of what {@link room} has returned last. */
  filled?(count: number): void
  /** The lane is writable again after it was not. */
  drained(): void
  /** The lane is gone, and possibly with it what was written last. Called at most once; nothing comes after it. */
  closed(reason: Error | undefined): void
}

/**
 * A pipe of bytes to the peer, in both directions and in order, until it breaks. It never keeps the event loop alive by itself once it is open:
 * whoever waits for something does.
 */
export interface Lane {
  /** Starts the lane at the first call; later calls replace the listener. */
  start(listener: LaneListener): void
  /** False while enough is under way; {@link LaneListener.drained} tells when that has changed. What is written all the same is sent. */
  readonly writable: boolean
  /** The bytes are not copied: nobody may change them. */
  write(bytes: Uint8Array): void
  /** Whether the peer has to wait with what it sends, on lanes that can have it do so. */
  hold?(held: boolean): void
  /** Sends what was written, then ends. The listener hears nothing more. */
  end(): void
  /** Ends at once, whatever is under way. The listener hears nothing more. Idempotent. */
  destroy(): void
}

/** Opens a lane, and another one when it is lost. */
export interface LaneFactory {
  readonly kind: LaneKind
  /** Rejects with why there is no way through, and with the signal's reason once that aborts. */
  open(signal: AbortSignal): Promise<Lane>
}
