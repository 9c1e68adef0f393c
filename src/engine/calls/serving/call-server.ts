import type { ByteWriter } from '../../../codec/byte-writer.ts'
import { type KlawError, RuntimeClosedError, TaskCancelledError } from '../../../errors.ts'
import { beginResult, CallFlag, type CallHeader, ResultFlag, readCall } from '../../../wire/call-frames.ts'
import type { Connection, FrameSink } from '../../../wire/connection.ts'
import { CutFrames, cutFrame } from '../../../wire/cut-frames.ts'
import { endFrame, FrameFlag, type FrameReader, FrameType } from '../../../wire/frame.ts'
import type { EncodedValue } from '../../../wire/token.ts'
import { unsendable } from '../../../wire/unsendable.ts'
import { encodeTransit, transitContext, type ValueContext } from '../../remote/transit.ts'
import { movesBuffers } from '../../transfer.ts'
import type { CallHome } from '../call-home.ts'
import type { ChainLink } from '../deadlock-watch.ts'
import type { Answering, FindReceiver } from './answering.ts'
import { FrameCall } from './frame-call.ts'
import { HeldCalls } from './held-calls.ts'
import type { IncomingCall } from './incoming-call.ts'

/** Whose calls a {@link CallServer} serves. */
export interface Callers {
  /** Tells the callers of the whole runtime apart. */
  readonly key: string
  /** The session that the handles in results are for, where handles that go directly have an owner. */
  readonly session?: number
}

/** Reads the calls that come over one connection, from one other thread or process, and sends their answers. */
export class CallServer implements FrameSink, Answering {
  readonly key: string
  readonly #session: number | undefined
  readonly #home: CallHome
  readonly #connection: Connection
  readonly #find: FindReceiver
  #context: ValueContext<unknown[] | undefined> | undefined
  readonly #header: CallHeader = { slot: 0, method: 0, name: undefined, count: 0, lengths: 0 }
  readonly #methods: string[] = []
  readonly #cut = new CutFrames()
  /** Calls that wait for their turn or for a promise. */
  readonly #open = new Map<number, IncomingCall>()
  /** Calls that wait for their arguments. Absent: there has never been one. */
  #held: HeldCalls | undefined
  readonly #endListeners = new Set<() => void>()

  constructor(home: CallHome, connection: Connection, { key, session }: Callers, find: FindReceiver) {
    this.key = key
    this.#session = session
    this.#home = home
    this.#connection = connection
    this.#find = find
    connection.calls = this
  }

  frame(frame: FrameReader): void {
    if (frame.type === FrameType.call) {
      const call = this.#cut.take(frame)
      if (call !== undefined) this.#called(call)
    } else if (frame.type === FrameType.cancelCall) this.#cancel(frame.stream)
    else if (frame.type === FrameType.awaiting) this.#awaited(frame)
  }

  connectionLost(): void {
    const gone = new RuntimeClosedError('the caller has gone')
    this.#held?.clear()
    for (const call of [...this.#open.values()]) {
      call.answered = true
      call.queue?.withdraw(call)
      call.abort(gone)
    }
    this.#open.clear()
    for (const listener of [...this.#endListeners]) listener()
  }

  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener)
    return () => this.#endListeners.delete(listener)
  }

  opened(call: IncomingCall): void {
    this.#open.set(call.id, call)
  }

  returned(call: IncomingCall, value: unknown): void {
    this.#answer(call, 0, value)
  }

  threw(call: IncomingCall, error: unknown): void {
    if (call.isAbort(error)) this.refuse(call, this.#cancellation(call, error))
    else this.#answer(call, FrameFlag.error, error)
  }

  refuse(call: IncomingCall, error: unknown): void {
    this.#answer(call, FrameFlag.error | ResultFlag.refused, error)
  }

  lost(call: IncomingCall): void {
    if (this.#settle(call)) this.#writeLost(call.id)
  }

  #called(frame: FrameReader): void {
    const header = this.#header
    readCall(frame, header)
    if (header.name !== undefined) this.#methods[header.method] = header.name
    const method = this.#methods[header.method]
    if (method === undefined) throw new RangeError(`a call of the unknown method ${header.method} arrived`)
    const call = new FrameCall(this, this.#home, method, frame, header)
    if ((frame.flags & CallFlag.resolve) !== 0 || (this.#held !== undefined && this.#held.length > 0)) {
      this.#held ??= new HeldCalls((held, slot) => this.#dispatch(held, slot))
      this.#held.add(call, header.slot)
    } else {
      this.#dispatch(call, header.slot)
    }
  }

  #dispatch(call: FrameCall, slot: number): void {
    const receiver = this.#find(slot)
    if (receiver === undefined) this.lost(call)
    else receiver.accept(call)
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
    if (call !== undefined) call.awaited(this.#home.codec.decode(frame.bytes, frame.position, frame.end) as ChainLink[])
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
    let context: ValueContext<unknown[] | undefined>
    const start = beginResult(out, call.id, flags, undefined)
    const payload = out.position
    try {
      if (movesBuffers(value)) {
        const { codec, releaseTokens } = this.#home
        const { carriesAttachments } = this.#connection
        const moved = encodeTransit(codec, value, 'result', releaseTokens, this.#session, carriesAttachments)
        out.position = start
        this.#answerWith(call, flags, moved)
        return
      }
      context = this.#contextNow()
      this.#home.codec.encodeInto(out, value, context, 'result')
    } catch (error) {
      out.position = start
      this.#answerUnsendable(call, flags, value, error as KlawError)
      return
    }
    const { handles, attachments } = context
    if (handles.length === 0 && (attachments === undefined || attachments.length === 0) && !call.hasHandles) {
      endFrame(out, start)
      cutFrame(this.#connection, start)
      this.#connection.wrote()
      return
    }
    const bytes = out.bytes.slice(payload, out.position)
    out.position = start
    this.#answerWith(call, flags, { bytes, tokens: handles.splice(0), attachments: attachments?.splice(0) })
  }

  /** The tokens of a result are the caller's once it has arrived. */
  #contextNow(): ValueContext<unknown[] | undefined> {
    const { releaseTokens } = this.#home
    if (this.#context?.discardHandles !== releaseTokens) {
      this.#context = transitContext(releaseTokens, this.#session, this.#connection.carriesAttachments)
    }
    return this.#context as ValueContext<unknown[] | undefined>
  }

  #answerWith({ id, hasHandles, claims }: IncomingCall, flags: number, value: EncodedValue): void {
    const { bytes, tokens = [], attachments = [] } = value
    const post = () => {
      if (this.#connection.lost !== undefined) {
        this.#home.releaseTokens(tokens)
        return
      }
      const write = (out: ByteWriter) => {
        const start = beginResult(out, id, flags, tokens)
        out.writeBytes(bytes)
        endFrame(out, start)
        if (attachments.length === 0) cutFrame(this.#connection, start)
      }
      if (attachments.length > 0) {
        this.#connection.postWithAttachments(attachments, write)
      } else {
        write(this.#connection.out)
        this.#connection.wrote()
      }
    }
    // Handles that arrived have to be claimed, and those that leave to be announced, before the caller sees the answer and lets go of them.
    const home = this.#home
    const seen = tokens.length > 0 || (hasHandles && !home.claimsWait) ? home.barrier() : claims
    // With a hub that is gone its handles are too, but not the call.
    if (seen === undefined) post()
    else seen.then(post, post)
  }

  #answerUnsendable(call: IncomingCall, flags: number, value: unknown, error: KlawError): void {
    call.answered = false
    if ((flags & FrameFlag.error) === 0) {
      this.refuse(call, error)
      return
    }
    this.#answer(call, flags, unsendable(value, error))
  }
}
