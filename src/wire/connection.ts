import type { ByteWriter } from '../codec/byte-writer.ts'
import type { Codec } from '../codec/codec.ts'
import { KlawError, RuntimeClosedError } from '../errors.ts'
import { beginFrame, endFrame, FrameFlag, FrameReader, FrameType, writeFrame } from './frame.ts'
import { failureEvent, type Operation, Operations } from './operations.ts'
import { type Batch, Outbox } from './outbox.ts'
import type { Reply } from './reply.ts'
import { type RequestOptions, Requests } from './requests.ts'
import type { Attachment, Transport } from './transport.ts'

/** One end of a stream: it gets the frames that carry its number. */
export interface FrameSink {
  frame(frame: FrameReader): void
  /** The connection is gone; everything that waits must settle. Called once. */
  connectionLost(error: Error): void
}

/**
 * Frames over a transport: requests and answers, one-way events, and streams.
 *
 * Whatever is written in one tick is posted together: see {@link Outbox}.
 */
export class Connection {
  readonly codec: Codec
  /** Frames may be written into it, followed by {@link wrote}. */
  readonly out: ByteWriter
  /** Gets the frames of calls and of objects, whose numbers are not those of streams. */
  calls: FrameSink | undefined
  /** Told of frames whose stream has been closed here: they can hold something that has to be let go. */
  strayFrame: ((frame: FrameReader) => void) | undefined
  readonly #transport: Transport
  readonly #outbox: Outbox
  readonly #operations: Operations
  readonly #requests: Requests
  readonly #explain: (reason: Error) => Error
  readonly #reader = new FrameReader()
  readonly #streams = new Map<number, FrameSink>()
  readonly #closeListeners = new Set<(error: Error) => void>()
  #nextNumber = 1
  #nextStream = 1
  #holds = 0
  #lost: Error | undefined

  /**
   * A `patient` connection belongs to a thread that always returns to its event loop soon: it posts once a tick.
   * When the connection is lost, what `explain` makes of the reason is what everything that waits is refused with.
   */
  constructor(
    transport: Transport,
    codec: Codec,
    operations: ReadonlyMap<string, Operation>,
    patient = false,
    explain: (reason: Error) => Error = (reason) => reason,
  ) {
    this.#explain = explain
    this.#transport = transport
    this.#outbox = new Outbox(transport, patient)
    this.out = this.#outbox.out
    this.codec = codec
    this.#operations = new Operations(this, operations)
    this.#requests = new Requests(this)
    transport.start({
      chunk: (bytes, attachments) => this.#receive(bytes, attachments),
      closed: (reason) => this.#lose(this.#explain(reason ?? this.#closedByPeer())),
    })
    transport.unref()
  }

  /** Why the connection is gone; undefined while it is open. */
  get lost(): Error | undefined {
    return this.#lost
  }

  get carriesAttachments(): boolean {
    return this.#transport.carriesAttachments
  }

  /** Bytes of a body from which on a frame had better be cut; undefined: none. */
  get longestPiece(): number | undefined {
    return this.#transport.longestPiece
  }

  /** Calls back once when the connection is lost, at once if it is already; returns how to stop listening. */
  onLost(listener: (error: Error) => void): () => void {
    if (this.#lost !== undefined) {
      listener(this.#lost)
      return () => undefined
    }
    this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  /** Something waits for the peer: the event loop stays alive until as many {@link release} calls. */
  hold(): void {
    if (this.#holds++ === 0 && this.#lost === undefined) this.#transport.ref()
  }

  release(): void {
    if (--this.#holds === 0 && this.#lost === undefined) this.#transport.unref()
  }

  /** Asks the peer and waits for its answer. An abort rejects at once with the signal's reason. */
  async request(operation: string, argument?: unknown, options?: RequestOptions): Promise<unknown> {
    return (await this.requestReply(operation, argument, options)).value
  }

  /** Like {@link request}, for answers that carry attachments. */
  requestReply(operation: string, argument?: unknown, options?: RequestOptions): Promise<Reply> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    const signal = options?.signal
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const id = this.#nextNumber++
    try {
      this.writeValue(FrameType.request, 0, id, [operation, argument], options?.attachments)
    } catch (error) {
      options?.refused?.(error)
      return Promise.reject(error)
    }
    return this.#requests.answer(id, options)
  }

  /** Tells the peer something that it does not answer. */
  notify(operation: string, argument?: unknown, attachments?: readonly Attachment[]): void {
    if (this.#lost !== undefined) return
    this.writeValue(FrameType.event, 0, 0, [operation, argument], attachments)
  }

  /** A stream number that this side has not used yet. */
  nextStream(): number {
    return this.#nextStream++
  }

  addStream(stream: number, sink: FrameSink): void {
    this.#streams.set(stream, sink)
  }

  removeStream(stream: number): void {
    this.#streams.delete(stream)
  }

  /** Has `batch` asked for its frames at the next flush. */
  addBatch(batch: Batch): void {
    this.#outbox.add(batch)
  }

  /** Writes a frame whose body is a few integers, after everything that was batched before it. */
  write(
    type: number,
    flags: number,
    stream: number,
    first?: number,
    second?: number,
    third?: number,
    fourth?: number,
  ): void {
    this.#outbox.collect()
    writeFrame(this.out, type, flags, stream, first, second, third, fourth)
    this.wrote()
  }

  /** Takes note that an item was written or batched; decides when it leaves. `bytes` counts what is batched outside `out`. */
  wrote(bytes = 0): void {
    this.#outbox.wrote(bytes)
  }

  /** Posts everything that was written so far. */
  flush(): void {
    this.#outbox.flush()
  }

  /** Posts one frame, written by `write`, in a chunk of its own that carries attachments. */
  postWithAttachments(attachments: readonly Attachment[], write: (out: ByteWriter) => void): void {
    this.flush()
    write(this.out)
    this.#outbox.post(attachments)
  }

  /** Writes a frame whose body is a value, in pieces if it is long. Throws `SerializationError`, and has written nothing then. */
  writeValue(
    type: number,
    flags: number,
    stream: number,
    value: unknown,
    attachments: readonly Attachment[] | undefined,
    name = 'argument',
  ): void {
    const collected: Attachment[] | undefined = this.carriesAttachments ? [...(attachments ?? [])] : undefined
    // Encoded apart: a handle inside the value announces itself on this very connection first.
    const body = this.codec.encode(value, { attachments: collected }, name)
    // What was batched before goes before it.
    this.#outbox.collect()
    // Attachments are numbered per chunk, so such a frame shares its chunk with no other.
    if (collected !== undefined && collected.length > 0) {
      this.postWithAttachments(collected, (out) => writeBody(out, type, flags, stream, body))
      return
    }
    const longest = this.#transport.longestPiece ?? body.byteLength
    let from = 0
    for (; body.byteLength - from > longest; from += longest) {
      writeBody(this.out, type, flags | FrameFlag.more, stream, body.subarray(from, from + longest))
      this.wrote()
    }
    writeBody(this.out, type, flags, stream, from === 0 ? body : body.subarray(from))
    this.wrote()
  }

  /** Ends the connection: the peer is told, everything that waits is refused with `error`. */
  close(error: Error = new RuntimeClosedError('the connection was closed')): void {
    if (this.#lost !== undefined) return
    this.flush()
    this.#transport.close()
    this.#lose(error)
  }

  #closedByPeer(): Error {
    const { peerFailure } = this.#operations
    const message = 'the connection was closed by its peer'
    return new RuntimeClosedError(message, peerFailure === undefined ? undefined : { cause: peerFailure })
  }

  #receive(bytes: Uint8Array, attachments: readonly Attachment[] | undefined): void {
    if (this.#lost !== undefined) return
    const reader = this.#reader
    try {
      reader.open(bytes, attachments)
      while (reader.next()) this.#dispatch(reader)
      reader.close()
    } catch (error) {
      const failure = new KlawError('the peer sent a frame that can not be read', { cause: error })
      this.notify(failureEvent, failure)
      this.close(this.#explain(failure))
    }
  }

  #dispatch(frame: FrameReader): void {
    switch (frame.type) {
      case FrameType.request:
      case FrameType.event:
        this.#operations.take(frame)
        return
      case FrameType.response:
        this.#requests.answered(frame)
        return
      case FrameType.abort:
        this.#operations.abort(frame.stream)
        return
      case FrameType.call:
      case FrameType.result:
      case FrameType.cancelCall:
      case FrameType.awaiting:
      case FrameType.stored:
      case FrameType.value:
      case FrameType.settled:
        this.calls?.frame(frame)
        return
      default: {
        const stream = this.#streams.get(frame.stream)
        // A frame for a stream that has just been closed here was under way.
        if (stream === undefined) this.strayFrame?.(frame)
        else stream.frame(frame)
      }
    }
  }

  #lose(error: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    this.#outbox.close()
    this.#requests.connectionLost(error)
    this.#operations.connectionLost(error)
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) stream.connectionLost(error)
    this.calls?.connectionLost(error)
    const listeners = [...this.#closeListeners]
    this.#closeListeners.clear()
    for (const listener of listeners) listener(error)
  }
}

function writeBody(out: ByteWriter, type: number, flags: number, stream: number, body: Uint8Array): void {
  const start = beginFrame(out, type, flags, stream)
  out.writeBytes(body)
  endFrame(out, start)
}
