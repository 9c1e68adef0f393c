import type { ByteWriter } from '../codec/byte-writer.ts'
import type { Codec } from '../codec/codec.ts'
import { listenTo, stopListeningTo } from '../core/abort-listeners.ts'
import { KlawError, RuntimeClosedError } from '../errors.ts'
import { beginFrame, endFrame, FrameFlag, FrameReader, FrameType, writeFrame } from './frame.ts'
import { type Batch, Outbox } from './outbox.ts'
import { type Body, Pieces } from './pieces.ts'
import type { Attachment, Transport } from './transport.ts'
import { unsendable } from './unsendable.ts'

export type { Batch } from './outbox.ts'

/** One end of a stream: it gets the frames that carry its number. */
export interface FrameSink {
  frame(frame: FrameReader): void
  /** The connection is gone; everything that waits must settle. Called once. */
  connectionLost(error: Error): void
}

/** Answers requests and events of one operation. */
export type Operation = (argument: never, context: OperationContext) => unknown

/** What an {@link Operation} knows about the request that it answers. */
export interface OperationContext {
  readonly connection: Connection
  readonly attachments: readonly Attachment[] | undefined
  /** Aborts when the requester no longer waits, or its connection is lost. */
  readonly signal: AbortSignal
}

/** An answer with attachments. They are numbered before those that the codec finds in the value. */
export class Reply {
  readonly value: unknown
  readonly attachments: readonly Attachment[]
  /** What error paths call the value. */
  readonly name: string

  constructor(value: unknown, attachments: readonly Attachment[], name = 'argument') {
    this.value = value
    this.attachments = attachments
    this.name = name
  }
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  readonly attachments?: readonly Attachment[] | undefined
  /** Default true. A request in the background does not keep an idle process alive. */
  readonly keepAlive?: boolean
  /**
   * An abort only asks: the peer's answer decides. A value resolves all the same, since then it has happened; an error rejects
   * with the signal's reason. For what must not happen once it was given up.
   */
  readonly awaitsOutcome?: boolean
  /** Called at once when the argument can not be encoded; the promise rejects a moment later. */
  readonly refused?: (error: unknown) => void
}

interface PendingRequest {
  /** What has come of an answer that is cut into pieces. */
  pieces?: Uint8Array[]
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** The event by which a peer says why it closes the connection. */
const failureEvent = 'connection.failed'

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
  readonly #operations: ReadonlyMap<string, Operation>
  readonly #explain: (reason: Error) => Error
  readonly #reader = new FrameReader()
  readonly #requests = new Map<number, PendingRequest>()
  /** Of requests and events, which is stream 0. */
  readonly #pieces = new Pieces()
  readonly #served = new Map<number, AbortController>()
  readonly #streams = new Map<number, FrameSink>()
  readonly #closeListeners = new Set<(error: Error) => void>()
  #nextNumber = 1
  #nextStream = 1
  #holds = 0
  #lost: Error | undefined
  /** What the peer could not make sense of, before it closed the connection. */
  #peerFailure: unknown

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
    this.#operations = operations
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
      this.#writeValue(FrameType.request, 0, id, [operation, argument], options?.attachments)
    } catch (error) {
      options?.refused?.(error)
      return Promise.reject(error)
    }
    const keepAlive = options?.keepAlive !== false
    if (keepAlive) this.hold()
    return new Promise((resolve, reject) => {
      const abort = () => {
        if (options?.awaitsOutcome === true) {
          if (this.#lost === undefined) this.write(FrameType.abort, 0, id)
          return
        }
        settle()
        if (this.#lost === undefined) this.write(FrameType.abort, 0, id)
        reject(signal?.reason)
      }
      const settle = () => {
        this.#requests.delete(id)
        if (signal !== undefined) stopListeningTo(signal, listener)
        if (keepAlive) this.release()
      }
      const listener = { aborted: abort }
      if (signal !== undefined) listenTo(signal, listener)
      this.#requests.set(id, {
        resolve(reply) {
          settle()
          resolve(reply)
        },
        reject(error) {
          settle()
          reject(options?.awaitsOutcome === true && signal?.aborted === true ? signal.reason : error)
        },
      })
    })
  }

  /** Tells the peer something that it does not answer. */
  notify(operation: string, argument?: unknown, attachments?: readonly Attachment[]): void {
    if (this.#lost !== undefined) return
    this.#writeValue(FrameType.event, 0, 0, [operation, argument], attachments)
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

  /** Ends the connection: the peer is told, everything that waits is refused with `error`. */
  close(error: Error = new RuntimeClosedError('the connection was closed')): void {
    if (this.#lost !== undefined) return
    this.flush()
    this.#transport.close()
    this.#lose(error)
  }

  #closedByPeer(): Error {
    const message = 'the connection was closed by its peer'
    return new RuntimeClosedError(message, this.#peerFailure === undefined ? undefined : { cause: this.#peerFailure })
  }

  #writeValue(
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
      case FrameType.event: {
        const body = this.#pieces.take(frame)
        if (body !== undefined) this.#serve(frame, body)
        return
      }
      case FrameType.response:
        this.#answered(frame)
        return
      case FrameType.abort:
        this.#served.get(frame.stream)?.abort(new KlawError('the requester no longer waits'))
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

  #serve(frame: FrameReader, body: Body): void {
    const answers = frame.type === FrameType.request
    const id = frame.stream
    let controller: AbortController | undefined
    const open = () => {
      if (controller === undefined) {
        controller = new AbortController()
        if (answers) this.#served.set(id, controller)
      }
      return controller.signal
    }
    let outcome: unknown
    try {
      const [name, argument] = this.#decode(body, frame.attachments) as [string, never]
      if (name === failureEvent) {
        this.#peerFailure = argument
        return
      }
      const operation = this.#operations.get(name)
      if (operation === undefined) throw new KlawError(`the peer asked for an unknown operation: ${name}`)
      const context: OperationContext = {
        connection: this,
        attachments: frame.attachments,
        get signal() {
          return open()
        },
      }
      outcome = operation(argument, context)
    } catch (error) {
      if (!answers) throw error
      this.#answer(id, FrameFlag.error, error)
      return
    }
    if (!answers) return
    if (outcome instanceof Promise) {
      outcome
        .then(
          (value) => this.#answer(id, 0, value),
          (error) => this.#answer(id, FrameFlag.error, error),
        )
        .finally(() => this.#served.delete(id))
    } else {
      this.#served.delete(id)
      this.#answer(id, 0, outcome)
    }
  }

  #answer(id: number, flags: number, outcome: unknown): void {
    if (this.#lost !== undefined) return
    const value = outcome instanceof Reply ? outcome.value : outcome
    const attachments = outcome instanceof Reply ? outcome.attachments : undefined
    const name = outcome instanceof Reply ? outcome.name : undefined
    try {
      this.#writeValue(FrameType.response, flags, id, value, attachments, name)
    } catch (error) {
      const failure = (flags & FrameFlag.error) === 0 ? KlawError.from(error) : unsendable(value, error)
      this.#writeValue(FrameType.response, FrameFlag.error, id, failure, undefined)
    }
  }

  #answered(frame: FrameReader): void {
    const request = this.#requests.get(frame.stream)
    if (request === undefined) return
    if ((frame.flags & FrameFlag.more) !== 0) {
      request.pieces ??= []
      request.pieces.push(frame.bytes.subarray(frame.position, frame.end))
      return
    }
    let value: unknown
    try {
      value =
        request.pieces === undefined
          ? this.#decode(frame, frame.attachments)
          : this.#decodePieces(request.pieces, frame)
    } catch (error) {
      request.reject(error)
      return
    }
    if ((frame.flags & FrameFlag.error) !== 0) request.reject(value)
    else request.resolve(new Reply(value, frame.attachments ?? []))
  }

  #decodePieces(pieces: readonly Uint8Array[], last: FrameReader): unknown {
    const bytes = Buffer.concat([...pieces, last.bytes.subarray(last.position, last.end)])
    return this.codec.decode(bytes, 0, bytes.length, { attachments: last.attachments })
  }

  #decode({ bytes, position, end }: Body, attachments: readonly Attachment[] | undefined): unknown {
    return this.codec.decode(bytes, position, end, { attachments })
  }

  #lose(error: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    this.#outbox.close()
    for (const request of [...this.#requests.values()]) request.reject(error)
    for (const controller of this.#served.values()) controller.abort(error)
    this.#served.clear()
    this.#pieces.clear()
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
