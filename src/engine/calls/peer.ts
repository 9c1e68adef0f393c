import type { ByteWriter } from '../../codec/byte-writer.ts'
import { beginCall, ResultFlag, readResultTokens, writeCall } from '../../wire/call-frames.ts'
import { Connection, type FrameSink } from '../../wire/connection.ts'
import { CutFrames, cutFrame } from '../../wire/cut-frames.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType, writeFrame } from '../../wire/frame.ts'
import type { Operation } from '../../wire/operations.ts'
import type { EncodedValue } from '../../wire/token.ts'
import type { Transport } from '../../wire/transport.ts'
import { transitContext, type ValueContext } from '../remote/transit.ts'
import { movesBuffers } from '../transfer.ts'
import type { CallHome } from './call-home.ts'

/** Whoever made a call; exactly one of these is called, once. */
export interface Caller {
  succeeded(value: EncodedValue): void
  /** `refused`: the error is klaw's own, and not one that the method threw. */
  failed(error: unknown, refused: boolean): void
  /** The callee went away; whether the call was executed is not known. */
  lost(): void
}

export interface PeerOptions {
  /** The session to which the handles in arguments belong until the call is over, where handles that go directly have an owner. */
  readonly origin?: number | undefined
  /** Whether calls that have not been answered hold the connection, so that it finds out when its other side is silent. */
  readonly keepAlive?: boolean
}

/** Methods may have as many different names in one connection as fit the wire's 16 bits. */
const mostMethods = 0xffff
/** A result that fills less of its chunk than this part is copied, so that it does not keep the chunk. */
const keptPart = 4
const noOperations: ReadonlyMap<string, Operation> = new Map()

/** Another thread or process, as its callers here see it: a direct connection, and the calls that have not been answered. */
export class Peer implements FrameSink {
  /** The number by which its callers know it: that of the thread's session, or one that a process has given. */
  readonly session: number
  readonly connection: Connection
  readonly #home: CallHome
  readonly #origin: number | undefined
  readonly #keepAlive: boolean
  readonly #calls = new Map<number, Caller>()
  readonly #methods = new Map<string, number>()
  readonly #cut = new CutFrames()
  #context: ValueContext<unknown[] | undefined> | undefined
  #nextCall = 1

  constructor(session: number, transport: Transport, home: CallHome, { origin, keepAlive = false }: PeerOptions = {}) {
    this.session = session
    this.#home = home
    this.#origin = origin
    this.#keepAlive = keepAlive
    this.connection = new Connection(transport, home.codec, noOperations)
    this.connection.calls = this
  }

  get lost(): boolean {
    return this.connection.lost !== undefined
  }

  /**
   * Encodes the arguments straight into what is sent next, and returns the number of the call. Returns 0, and has done nothing,
   * when an argument carries handles or attachments: those go by {@link send}. Throws `SerializationError`.
   */
  trySend(caller: Caller, slot: number, method: string, args: readonly unknown[]): number {
    for (const argument of args) if (movesBuffers(argument)) return 0
    const { out } = this.connection
    const { codec, releaseTokens } = this.#home
    const context = this.#contextOf(releaseTokens)
    const { handles, attachments } = context
    const start = out.position
    const id = this.#nextId()
    const known = this.#methods.get(method)
    const count = args.length
    const lengths = beginCall(
      out,
      id,
      0,
      slot,
      known ?? this.#methods.size,
      known === undefined ? method : undefined,
      count,
    )
    try {
      for (let index = 0; index < count; index++) {
        const before = out.position
        codec.encodeInto(out, args[index], context, argumentName(index))
        out.view.setUint32(lengths + index * 4, out.position - before, true)
        if (handles.length > 0 || (attachments !== undefined && attachments.length > 0)) {
          out.position = start
          releaseTokens(handles.splice(0))
          if (attachments !== undefined) attachments.length = 0
          return 0
        }
      }
    } catch (error) {
      out.position = start
      throw error
    }
    endFrame(out, start)
    cutFrame(this.connection, start)
    if (known === undefined) this.#announced(method)
    this.#add(id, caller)
    this.connection.wrote()
    return id
  }

  /**
   * Sends a call whose arguments have been encoded before; returns its number. What can be moved is moved.
   *
   * @param resolve arguments that are refs are the callee's to resolve
   */
  send(caller: Caller, slot: number, method: string, args: readonly EncodedValue[], resolve = false): number {
    const id = this.#nextId()
    const known = this.#methods.get(method)
    const number = known ?? this.#methods.size
    const name = known === undefined ? method : undefined
    const write = (out: ByteWriter) => writeCall(out, id, slot, number, name, args, resolve)
    const attachments = args.flatMap((argument) => argument.attachments ?? [])
    if (attachments.length > 0) {
      this.connection.postWithAttachments(attachments, write)
    } else {
      const start = this.connection.out.position
      write(this.connection.out)
      cutFrame(this.connection, start)
      this.connection.wrote()
    }
    if (known === undefined) this.#announced(method)
    this.#add(id, caller)
    return id
  }

  /** Asks for a call to be cancelled. It will be answered all the same. */
  cancel(id: number): void {
    if (this.lost || !this.#calls.has(id)) return
    writeFrame(this.connection.out, FrameType.cancelCall, 0, id)
    this.connection.wrote()
  }

  /** Tells the callee who waits for a call. */
  awaiting(id: number, chain: readonly unknown[]): void {
    if (this.lost || !this.#calls.has(id)) return
    const { out } = this.connection
    const start = beginFrame(out, FrameType.awaiting, 0, id)
    this.#home.codec.encodeInto(out, chain)
    endFrame(out, start)
    this.connection.wrote()
  }

  /** Takes away the calls for which `which` is true, in the order in which they were made. Their answers are ignored. */
  withdraw(which: (caller: Caller) => boolean): Caller[] {
    const taken: Caller[] = []
    for (const [id, caller] of this.#calls) {
      if (!which(caller)) continue
      this.#remove(id)
      taken.push(caller)
    }
    return taken
  }

  frame(piece: FrameReader): void {
    if (piece.type !== FrameType.result) return
    const frame = this.#cut.take(piece)
    if (frame === undefined) return
    const { flags, stream: id } = frame
    const caller = this.#calls.get(id)
    if (caller !== undefined) this.#remove(id)
    if (flags === 0 && frame.attachments === undefined) {
      caller?.succeeded({ bytes: bytesOf(frame) })
      return
    }
    const tokens = readResultTokens(frame)
    if (caller === undefined) {
      if (tokens !== undefined) this.#home.releaseTokens(tokens)
      return
    }
    if ((flags & ResultFlag.lost) !== 0) caller.lost()
    else if ((flags & FrameFlag.error) === 0) {
      caller.succeeded({ bytes: bytesOf(frame), attachments: frame.attachments, tokens })
    } else {
      caller.failed(this.#decodeError(frame), (flags & ResultFlag.refused) !== 0)
      // Handles inside the error have been claimed by its decoding.
      if (tokens !== undefined) this.#home.releaseTokens(tokens)
    }
  }

  connectionLost(): void {
    const callers = [...this.#calls.values()]
    this.#calls.clear()
    if (this.#keepAlive && callers.length > 0) this.connection.release()
    for (const caller of callers) caller.lost()
  }

  #add(id: number, caller: Caller): void {
    if (this.#keepAlive && this.#calls.size === 0) this.connection.hold()
    this.#calls.set(id, caller)
  }

  #remove(id: number): void {
    this.#calls.delete(id)
    if (this.#keepAlive && this.#calls.size === 0) this.connection.release()
  }

  /** The tokens of arguments are released by the caller, or with it. */
  #contextOf(releaseTokens: CallHome['releaseTokens']): ValueContext<unknown[] | undefined> {
    let context = this.#context
    if (context === undefined || context.discardHandles !== releaseTokens) {
      context = transitContext(releaseTokens, this.#origin, this.connection.carriesAttachments)
      this.#context = context
    }
    return context
  }

  #decodeError(frame: FrameReader): unknown {
    try {
      return this.#home.codec.decode(frame.bytes, frame.position, frame.end, { attachments: frame.attachments })
    } catch (error) {
      return error
    }
  }

  #announced(method: string): void {
    if (this.#methods.size === mostMethods)
      throw new RangeError(`more than ${mostMethods} different methods were called`)
    this.#methods.set(method, this.#methods.size)
  }

  #nextId(): number {
    const id = this.#nextCall
    this.#nextCall = id === 0xffffffff ? 1 : id + 1
    return id
  }
}

/** The payload, which may stay a part of its chunk when it is most of it. */
function bytesOf(frame: FrameReader): Uint8Array {
  const { bytes, position, end } = frame
  return (end - position) * keptPart < bytes.byteLength ? bytes.slice(position, end) : bytes.subarray(position, end)
}

/** How errors name an argument. */
export function argumentName(index: number): string {
  return argumentNames[index] ?? `args[${index}]`
}

const argumentNames = ['args[0]', 'args[1]', 'args[2]', 'args[3]']
