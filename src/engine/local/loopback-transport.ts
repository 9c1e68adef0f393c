import type { Attachment, Transport, TransportListener } from '../../wire/transport.ts'

/** Chunks from a thread to itself. They arrive in a later turn, as they would from elsewhere. */
export class LoopbackTransport implements Transport {
  readonly carriesAttachments = true
  #listener: TransportListener | undefined
  #peer!: LoopbackTransport
  #inbox: [Uint8Array, readonly Attachment[] | undefined][] = []
  #scheduled = false
  #closed = false

  /** Both ends of a connection. */
  static pair(): [LoopbackTransport, LoopbackTransport] {
    const ends: [LoopbackTransport, LoopbackTransport] = [new LoopbackTransport(), new LoopbackTransport()]
    ends[0].#peer = ends[1]
    ends[1].#peer = ends[0]
    return ends
  }

  private constructor() {}

  start(listener: TransportListener): void {
    this.#listener = listener
    if (this.#inbox.length > 0) this.#schedule()
  }

  post(chunk: Uint8Array<ArrayBuffer>, attachments?: readonly Attachment[]): void {
    if (this.#closed) return
    // What is moved to another thread is gone here; the same has to hold within the thread.
    const moved = attachments?.map((attachment) =>
      attachment instanceof ArrayBuffer ? structuredClone(attachment, { transfer: [attachment] }) : attachment,
    )
    this.#peer.#inbox.push([chunk, moved])
    this.#peer.#schedule()
  }

  // An undelivered chunk keeps the event loop alive by itself; an answer that is still to come is the callee's affair.
  ref(): void {}

  unref(): void {}

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#peer.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#listener === undefined) return
    this.#scheduled = true
    setImmediate(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = false
    const inbox = this.#inbox
    this.#inbox = []
    if (this.#closed) return
    for (const [chunk, attachments] of inbox) this.#listener?.chunk(chunk, attachments)
    if (this.#peer.#closed && !this.#closed) {
      this.#closed = true
      this.#listener?.closed(undefined)
    }
  }
}
