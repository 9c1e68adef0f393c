import type { Codec } from '../../../codec/codec.ts'
import { KlawError, RuntimeClosedError, TaskCancelledError } from '../../../errors.ts'
import { beginResult, type CallHeader, ResultFlag, readCall } from '../../../wire/call-frames.ts'
import type { Connection, FrameSink } from '../../../wire/connection.ts'
import { endFrame, FrameFlag, type FrameReader, FrameType } from '../../../wire/frame.ts'
import type { EncodedValue } from '../../../wire/token.ts'
import { encodeTransit, transitContext } from '../../remote/transit.ts'
import { movesBuffers } from '../../transfer.ts'
import type { Client } from '../client.ts'
import type { ChainLink } from '../deadlock-watch.ts'
import { IncomingCall } from './incoming-call.ts'

/** Runs calls: an actor's instance, one of its generators, or the tasks. */
export interface CallReceiver {
  /** Runs the call, now or when it is its turn, and has it answered. */
  accept(call: IncomingCall): void
}

/** Finds who runs the calls of a slot. */
export type FindReceiver = (slot: number) => CallReceiver | undefined

/** Reads the calls of one other thread, and sends their answers. */
export class CallServer implements FrameSink {
  readonly codec: Codec
  /** The caller's session. */
  readonly session: number
  /** Tells the connections of the whole runtime apart. */
  readonly key: string
  readonly #client: Client
  readonly #connection: Connection
  readonly #find: FindReceiver
  readonly #context: ReturnType<typeof transitContext>
  readonly #header: CallHeader = { slot: 0, method: 0, name: undefined, count: 0, lengths: 0 }
  readonly #methods: string[] = []
  /** Calls that wait for their turn or for a promise. */
  readonly #open = new Map<number, IncomingCall>()
  readonly #endListeners = new Set<() => void>()

  constructor(client: Client, connection: Connection, session: number, find: FindReceiver) {
    this.codec = client.codec
    this.session = session
    this.key = `${client.session}.${session}`
    this.#client = client
    this.#connection = connection
    this.#find = find
    // The tokens of a result are the caller's once it has arrived.
    this.#context = transitContext(client.releaseTokens, session)
    connection.calls = this
  }

  frame(frame: FrameReader): void {
    if (frame.type === FrameType.call) this.#called(frame)
    else if (frame.type === FrameType.cancelCall) this.#cancel(frame.stream)
    else if (frame.type === FrameType.awaiting) this.#awaited(frame)
  }

  connectionLost(): void {
    const gone = new RuntimeClosedError('the caller has gone')
    for (const call of [...this.#open.values()]) {
      call.answered = true
      call.queue?.withdraw(call)
      call.abort(gone)
    }
    this.#open.clear()
    for (const listener of [...this.#endListeners]) listener()
  }

  /** Calls back when the caller has gone; returns how to stop listening. */
  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener)
    return () => this.#endListeners.delete(listener)
  }

  /** The call will be answered later. */
  opened(call: IncomingCall): void {
    this.#open.set(call.id, call)
  }

  returned(call: IncomingCall, value: unknown): void {
    this.#answer(call, 0, value)
  }

  /** The method threw. */
  threw(call: IncomingCall, error: unknown): void {
    if (call.isAbort(error)) this.refuse(call, this.#cancellation(call, error))
    else this.#answer(call, FrameFlag.error, error)
  }

  /** The call fails with an error of klaw. */
  refuse(call: IncomingCall, error: KlawError): void {
    this.#answer(call, FrameFlag.error | ResultFlag.refused, error)
  }

  /** The actor went away: whether the call was executed is for the hub to say. */
  lost(call: IncomingCall): void {
    if (this.#settle(call)) this.#writeLost(call.id)
  }

  #called(frame: FrameReader): void {
    const header = this.#header
    readCall(frame, header)
    if (header.name !== undefined) this.#methods[header.method] = header.name
    const method = this.#methods[header.method]
    if (method === undefined) throw new RangeError(`a call of the unknown method ${header.method} arrived`)
    const receiver = this.#find(header.slot)
    if (receiver === undefined) {
      this.#writeLost(frame.stream)
      return
    }
    receiver.accept(
      new IncomingCall(this, frame.stream, method, frame, frame.attachments, header.lengths, header.count),
    )
  }

  #cancel(id: number): void {
    const call = this.#open.get(id)
    if (call === undefined) return
    const error = new TaskCancelledError(`${call.method} was cancelled`)
    if (call.queue === undefined) {
      call.abort(error)
      return
    }
    call.queue.withdraw(call)
    this.refuse(call, error)
  }

  /** A call that has been answered meanwhile is nobody's concern. */
  #awaited(frame: FrameReader): void {
    const call = this.#open.get(frame.stream)
    if (call !== undefined) call.awaited(this.codec.decode(frame.bytes, frame.position, frame.end) as ChainLink[])
  }

  #cancellation(call: IncomingCall, cause: unknown): KlawError {
    return new TaskCancelledError(`${call.method} was cancelled while it ran`, { cause })
  }

  /** False when the call has been answered, or nobody waits for it. */
  #settle(call: IncomingCall): boolean {
    if (call.answered) return false
    call.answered = true
    this.#open.delete(call.id)
    return this.#connection.lost === undefined
  }

  #writeLost(id: number): void {
    const { out } = this.#connection
    endFrame(out, beginResult(out, id, ResultFlag.lost, undefined))
    this.#connection.wrote()
  }

  #answer(call: IncomingCall, flags: number, value: unknown): void {
    if (!this.#settle(call)) return
    const { out } = this.#connection
    const { handles, attachments } = this.#context
    const start = beginResult(out, call.id, flags, undefined)
    const payload = out.position
    try {
      if (movesBuffers(value)) {
        const moved = encodeTransit(this.codec, value, 'result', this.#client.releaseTokens, this.session)
        out.position = start
        this.#answerWith(call, flags, moved)
        return
      }
      this.codec.encodeInto(out, value, this.#context, 'result')
    } catch (error) {
      out.position = start
      this.#answerUnsendable(call, flags, value, error as KlawError)
      return
    }
    if (handles.length === 0 && attachments.length === 0 && !call.hasHandles) {
      endFrame(out, start)
      this.#connection.wrote()
      return
    }
    const bytes = out.bytes.slice(payload, out.position)
    out.position = start
    this.#answerWith(call, flags, { bytes, tokens: handles.splice(0), attachments: attachments.splice(0) })
  }

  #answerWith({ id, hasHandles }: IncomingCall, flags: number, value: EncodedValue): void {
    const { bytes, tokens = [], attachments = [] } = value
    const post = () => {
      if (this.#connection.lost !== undefined) {
        this.#client.releaseTokens(tokens)
        return
      }
      this.#connection.postWithAttachments(attachments, (out) => {
        const start = beginResult(out, id, flags, tokens)
        out.writeBytes(bytes)
        endFrame(out, start)
      })
    }
    if (tokens.length === 0 && !hasHandles) {
      post()
      return
    }
    // Handles that arrived have to be claimed, and those that leave to be announced, before the caller sees the answer.
    this.#client.barrier().then(post, () => {
      // The hub is gone, and with it this thread.
    })
  }

  #answerUnsendable(call: IncomingCall, flags: number, value: unknown, error: KlawError): void {
    call.answered = false
    if ((flags & FrameFlag.error) === 0) {
      this.refuse(call, error)
      return
    }
    // What was thrown has something in it that can not be sent; its text can.
    const text = value instanceof Error ? `${value.name}: ${value.message}` : String(value)
    const substitute = new KlawError(text, { cause: error })
    if (value instanceof Error && value.stack !== undefined) substitute.stack = value.stack
    this.#answer(call, flags, substitute)
  }
}
