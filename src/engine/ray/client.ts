import { randomBytes } from 'node:crypto'
import { Codec } from '../../codec/codec.ts'
import type { DecodeContext, EncodeContext, EncodedHandle } from '../../codec/handles.ts'
import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import { SerializationError } from '../../errors.ts'
import { Connection } from '../../wire/connection.ts'
import type { Operation } from '../../wire/operations.ts'
import { HandleKind } from '../../wire/token.ts'
import type { Landing, Transport } from '../../wire/transport.ts'
import type { ArrivalContext } from './arrival-context.ts'
import { Releases } from './releases.ts'
import { sessionLost } from './session-lost.ts'
import type { Share } from './share.ts'
import { Uploads } from './uploads.ts'

/** Makes the handle for a number that arrived. `details` is what the agent wrote behind it; `counted`: it has counted this. */
export type Arrival = (
  number: number,
  details: readonly unknown[],
  context: ArrivalContext,
  counted: boolean,
) => unknown

/**
 * Makes the handle for a reference inside a message. `details` is what the sender wrote; `borrow` asks the hub for it, under a number of the caller's.
 */
export type Borrowing = (details: readonly unknown[], borrow: (number: number) => Promise<unknown>) => unknown

/** Hands the object or actor of a number to the hub, for a message that refers to it. */
export type Adopting = (
  context: EncodeContext,
  kind: HandleKind,
  share: Share,
  details: readonly unknown[],
) => EncodedHandle

/** What Ray has to know of where it stands in arguments. */
const packable: ReadonlySet<number> = new Set([HandleKind.objectRef, HandleKind.actor, HandleKind.queue])

/** Numbers of this side's own end here; the agent's begin. */
const agentNumbers = 2 ** 31

/** The connection to the session's agent, and the codec that knows handles by number. */
export class RayClient {
  readonly connection: Connection
  readonly codec: Codec
  readonly releases: Releases
  readonly uploads: Uploads
  /** What the agent asks of us. */
  readonly operations = new Map<string, Operation>()
  readonly #arrivals = new Map<number, Arrival>()
  readonly #borrowings = new Map<number, Borrowing>()
  readonly #adoptings = new WeakMap<object, Adopting>()
  readonly #transport: Transport
  /** Numbers are this session's alone; with this before them they name something in all of the cluster. */
  readonly #name = randomBytes(6).toString('hex')
  #nextNumber = 1

  constructor(transport: Transport, serializers: SerializerRegistry) {
    this.codec = new Codec({
      serializers,
      handles: { decode: (kind, body, context) => this.#arrived(kind, body, context) },
    })
    // Patient: what a tick wakes goes along, so that a call and the wish for its result travel together.
    this.connection = new Connection(transport, this.codec, this.operations, true, sessionLost)
    this.releases = new Releases(this.connection)
    this.uploads = new Uploads(this.connection, transport)
    this.#transport = transport
  }

  /** False while enough is under way to the agent. */
  get writable(): boolean {
    return this.#transport.writable !== false
  }

  /** Calls back once, later, when it is writable again, or lost. */
  onWritable(listener: () => void): void {
    if (this.#transport.onWritable === undefined) queueMicrotask(listener)
    else this.#transport.onWritable(listener)
  }

  /** Says where large frames go; they may go anywhere all the same. */
  land(landing: Landing): void {
    this.#transport.land?.(landing)
  }

  /** The number of what the client makes next. */
  nextNumber(): number {
    if (this.#nextNumber === agentNumbers) throw new RangeError('this session has used up its numbers: connect again')
    return this.#nextNumber++
  }

  /** A name, which nothing else has, for something that was made here: Ray's own ids are not known at once, or never. They have no dot. */
  nameOf(number: number | string): string {
    return `${this.#name}.${number}`
  }

  /** Says what to make of handles of one kind. */
  onArrival(kind: HandleKind, arrival: Arrival): void {
    this.#arrivals.set(kind, arrival)
  }

  /** Says what to make of references of one kind inside messages. */
  onBorrowing(kind: HandleKind, borrowing: Borrowing): void {
    this.#borrowings.set(kind, borrowing)
  }

  /** The handle for a reference inside a message. */
  borrow(kind: number, details: readonly unknown[], borrow: (number: number) => Promise<unknown>): unknown {
    const borrowing = this.#borrowings.get(kind)
    if (borrowing === undefined) throw new SerializationError(`a handle of the unknown kind ${kind} arrived`)
    return borrowing(details, borrow)
  }

  /** Messages whose encoding discards handles by `discard` are those of one hub: what they refer to goes there. */
  onAdopting(discard: object, adopting: Adopting): void {
    this.#adoptings.set(discard, adopting)
  }

  /** What to write for a reference inside a message; undefined for other values, which are the agent's to read. */
  adopt(
    context: EncodeContext,
    kind: HandleKind,
    share: Share,
    details: readonly unknown[],
  ): EncodedHandle | undefined {
    const { discardHandles } = context
    return discardHandles === undefined
      ? undefined
      : this.#adoptings.get(discardHandles)?.(context, kind, share, details)
  }

  #arrived(kind: number, body: unknown, context: DecodeContext): unknown {
    const arrival = this.#arrivals.get(kind)
    if (arrival === undefined) throw new SerializationError(`a handle of the unknown kind ${kind} arrived`)
    const [number, ...details] = Array.isArray(body) ? (body as unknown[]) : [body]
    if (typeof number !== 'number') throw new SerializationError(`a handle of kind ${kind} without a number arrived`)
    const arriving = context as ArrivalContext
    if (arriving.packed !== undefined && packable.has(kind)) return packedHandle(arriving.packed, number)
    return arrival(number, details, arriving, arriving.again !== true)
  }
}

function packedHandle(handles: readonly unknown[], index: number): unknown {
  if (index in handles) return handles[index]
  throw new SerializationError(`packed arguments have no handle ${index}`)
}
