import { KlawError } from '../../../errors.ts'
import type { Transport, TransportListener } from '../../../wire/transport.ts'

/** Bytes of memory for chunks while there is no transport to ask. */
const memorySize = 128 * 1024

type State =
  /** Nobody has written anything. */
  | { readonly t: 'idle' }
  | { readonly t: 'opening'; readonly posted: Uint8Array<ArrayBuffer>[] }
  | { readonly t: 'open'; readonly transport: Transport }
  | { readonly t: 'closed' }

/**
 * A transport that is opened when the first chunk is posted; until it is there, chunks wait. So there can be a connection, and streams of it, before
 * anybody knows where it leads.
 */
export class DeferredTransport implements Transport {
  readonly carriesAttachments = false
  readonly longestPiece: number
  readonly #open: () => Promise<Transport>
  #listener: TransportListener | undefined
  #state: State = { t: 'idle' }
  #referenced = false

  /** @param longestPiece of every transport that `open` brings */
  constructor(open: () => Promise<Transport>, longestPiece: number) {
    this.#open = open
    this.longestPiece = longestPiece
  }

  start(listener: TransportListener): void {
    this.#listener = listener
  }

  memory(): Uint8Array<ArrayBuffer> {
    return (this.#state.t === 'open' ? this.#state.transport.memory?.() : undefined) ?? new Uint8Array(memorySize)
  }

  post(chunk: Uint8Array<ArrayBuffer>): void {
    const state = this.#state
    if (state.t === 'open') state.transport.post(chunk)
    else if (state.t === 'opening') state.posted.push(chunk)
    else if (state.t === 'idle') this.#begin([chunk])
  }

  ref(): void {
    this.#referenced = true
    if (this.#state.t === 'open') this.#state.transport.ref()
  }

  unref(): void {
    this.#referenced = false
    if (this.#state.t === 'open') this.#state.transport.unref()
  }

  close(): void {
    const state = this.#state
    if (state.t === 'closed') return
    if (state.t === 'open') {
      // It tells the listener itself.
      state.transport.close()
      return
    }
    this.#state = { t: 'closed' }
    queueMicrotask(() => this.#listener?.closed(undefined))
  }

  #begin(posted: Uint8Array<ArrayBuffer>[]): void {
    this.#state = { t: 'opening', posted }
    this.#open().then(
      (transport) => this.#opened(transport, posted),
      (error: unknown) => {
        if (this.#state.t === 'closed') return
        this.#state = { t: 'closed' }
        this.#listener?.closed(KlawError.from(error))
      },
    )
  }

  #opened(transport: Transport, posted: readonly Uint8Array<ArrayBuffer>[]): void {
    if (this.#state.t === 'closed') {
      transport.close()
      return
    }
    this.#state = { t: 'open', transport }
    transport.start(this.#listener as TransportListener)
    if (this.#referenced) transport.ref()
    else transport.unref()
    for (const chunk of posted) transport.post(chunk)
  }
}
