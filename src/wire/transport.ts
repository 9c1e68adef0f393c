/** What a chunk may carry beside its bytes, on a transport that stays inside one process. */
export type Attachment = unknown

/** Receives what a {@link Transport} brings. */
export interface TransportListener {
  /** A chunk of whole frames. The listener owns the bytes. */
  chunk(bytes: Uint8Array, attachments: readonly Attachment[] | undefined): void
  /** Nothing will come any more. Called once, after the last chunk. */
  closed(reason: Error | undefined): void
}

/**
 * Says where a large frame that has begun to arrive is to be put together: asked for its type, stream and length. Returns exactly so many bytes, which
 * then come as a chunk of their own; undefined: anywhere.
 */
export type Landing = (type: number, stream: number, length: number) => Uint8Array | undefined

/** Carries chunks of whole frames, in order, to one peer. */
export interface Transport {
  /** Whether chunks may carry attachments: shared buffers, moved buffers, ports. */
  readonly carriesAttachments: boolean
  /** The most bytes of a value that one frame should hold; larger ones are cut. Absent: any number. */
  readonly longestPiece?: number
  start(listener: TransportListener): void
  /** Hands the chunk over; the caller does not touch it again. Attachments that can move are moved, shared buffers are shared. */
  post(chunk: Uint8Array<ArrayBuffer>, attachments?: readonly Attachment[]): void
  /**
   * Memory to write a large chunk in, at least 128 KiB. Once such a chunk is posted and the peer has it, it is used for another one. Absent: there is none.
   */
  memory?(): Uint8Array<ArrayBuffer>
  /**
   * False while enough is under way: whoever has much to send waits for {@link onWritable}. What is posted all the same is sent in its turn.
   * Absent: there is always room.
   */
  readonly writable?: boolean
  /** Calls back once, later: when the transport is writable, or has ended. */
  onWritable?(listener: () => void): void
  /** Asks `landing` from now on where large frames go, so that they need not be copied there once they have come. Absent: nobody is asked. */
  land?(landing: Landing): void
  /** While referenced, the transport keeps the event loop alive. */
  ref(): void
  unref(): void
  close(): void
}
