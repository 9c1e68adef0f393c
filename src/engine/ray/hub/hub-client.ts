import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Codec } from '../../../codec/codec.ts'
import { type EncodeContext, type EncodedHandle, type Handle, handleSymbol } from '../../../codec/handles.ts'
import type { SerializerRegistry } from '../../../codec/serializer-registry.ts'
import type { Clock } from '../../../core/clock.ts'
import { KlawError } from '../../../errors.ts'
import { Connection } from '../../../wire/connection.ts'
import { HandleKind, type Token } from '../../../wire/token.ts'
import type { Transport } from '../../../wire/transport.ts'
import type { CallHome } from '../../calls/call-home.ts'
import type { MessageStore } from '../../remote/channel-host.ts'
import type { ChannelArrivals } from '../../remote/channels.ts'
import type { HandleFactory } from '../../remote/transit.ts'
import type { RayClient } from '../client.ts'
import type { RayObjects } from '../objects.ts'
import type { RayObject } from '../ray-object.ts'
import type { Share } from '../share.ts'
import { DeferredTransport } from './deferred-transport.ts'
import { RayMessageStore, type ReferenceDesk } from './message-store.ts'

/** Bytes of one frame; what is larger is cut, or travels by reference. */
const longestPiece = 2 ** 20

export interface HubClientOptions {
  readonly clock: Clock
  readonly serializers: SerializerRegistry
  /** The session that the process has with its agent. */
  readonly session: RayClient
  readonly objects: RayObjects
  /** Encoded messages of more bytes than that go by reference. */
  readonly threshold: number
  /** Opens the connection, once; calls `gone` when it finds out later that it is lost for good. */
  readonly open: (gone: (error: Error) => void) => Promise<Transport>
}

/**
 * This process's connection to the cluster's hub, and the codec of the messages that go through it. It connects when something is first said on it, so
 * channel ends can be made of what arrives in values at any time.
 */
export class HubClient implements ChannelArrivals, CallHome, ReferenceDesk {
  readonly backend = 'ray'
  readonly claimsWait = true
  readonly codec: Codec
  readonly clock: Clock
  readonly #session: RayClient
  readonly #objects: RayObjects
  /** By the numbers of tokens, those of objects and actors which the hub does not hold yet. */
  readonly #adopting = new Map<number, number>()
  /** By which the hub knows this session's tokens. */
  readonly #origin = randomBytes(4).readUInt32LE()
  readonly store: MessageStore
  readonly #factories = new Map<number, HandleFactory>()
  readonly #open: HubClientOptions['open']
  #connection: Connection | undefined
  #closed: Error | undefined
  #nextToken = 1

  constructor({ clock, serializers, session, objects, threshold, open }: HubClientOptions) {
    this.clock = clock
    this.#session = session
    this.#objects = objects
    this.store = new RayMessageStore(objects, this, threshold)
    this.codec = new Codec({ serializers, handles: { decode: (kind, body) => this.arrived(kind, body) } })
    this.#open = open
    session.onAdopting(this.releaseTokens, (context, kind, share, details) =>
      this.#adopt(context, kind, share, details),
    )
  }

  /** Made when somebody first has something to say to the hub: values without handles need no hub. */
  get connection(): Connection {
    if (this.#connection !== undefined) return this.#connection
    const connection = new Connection(
      new DeferredTransport(() => this.#open((error) => connection.close(error)), longestPiece),
      this.codec,
      new Map([['lease.cancel', (token: Token) => this.#cancelled(token)]]),
    )
    this.#connection = connection
    if (this.#closed !== undefined) {
      connection.close(this.#closed)
      return connection
    }
    // Before everything else. A hub that refuses is none.
    connection
      .request('session.open', { origin: this.#origin, node: `${hostname()}:${process.pid}` }, { keepAlive: false })
      .catch((error: unknown) => connection.close(KlawError.from(error)))
    return connection
  }

  /** Why the hub can not be talked to any more; undefined while it can, or nobody has tried. */
  get lost(): Error | undefined {
    return this.#connection === undefined ? this.#closed : this.#connection.lost
  }

  /** Refuses everything that waits for the hub, or will, with `error`. */
  close(error: Error): void {
    this.#closed ??= error
    this.#connection?.close(error)
  }

  async barrier(): Promise<void> {
    await this.connection.request('session.barrier', undefined, { keepAlive: false })
  }

  /** Makes a handle of what arrived for one. `kept`: in one of Ray's values, not in a message. */
  arrived(kind: number, body: unknown, kept = false): unknown {
    const [origin, number, ...details] = body as [number, number, ...unknown[]]
    const token: KeptToken = kept ? { origin, number, kind, ...idOf(details[0]) } : { origin, number }
    const factory = this.#factories.get(kind)
    if (factory !== undefined) return factory(token, details[0])
    if (kind === HandleKind.storedMessage) return new StoredReference(token, details[0] as number)
    return this.#session.borrow(kind, details, (own) => this.#borrow(token, kind, own))
  }

  handleFactory(kind: HandleKind, factory: HandleFactory): void {
    this.#factories.set(kind, factory)
  }

  export(context: EncodeContext, kind: HandleKind, id: string, detail: unknown): EncodedHandle {
    const token = this.#newToken()
    const body = [token.origin, token.number, detail]
    if (context.discardHandles === this.releaseTokens) {
      context.handles?.push(token)
      this.connection.notify('lease.export', { token, kind, id })
      return { kind, body, codec: this.codec }
    }
    // Nobody can say when the last copy of a value of Ray's has been read: the hub keeps the token.
    this.connection.notify('lease.export', { token, kind, id, kept: true })
    return { kind, body: [...body, instanceOf(id)], codec: this.#session.codec }
  }

  async refer(object: RayObject, size: number) {
    const token = this.#newToken()
    this.connection.notify('lease.export', { token, kind: HandleKind.storedMessage, id: '' })
    try {
      await this.#session.connection.request('hub.adopt', { token, number: object.share.number })
    } catch (error) {
      this.releaseTokens([token])
      throw error
    }
    return { bytes: this.codec.encode(new StoredReference(token, size)), token }
  }

  forget(token: Token): void {
    this.releaseTokens([token])
  }

  read(bytes: Uint8Array, start: number, end: number): { readonly token: Token; readonly size: number } {
    return this.codec.decode(bytes, start, end) as StoredReference
  }

  borrow(object: RayObject, token: Token): Promise<unknown> {
    return this.#borrow(token, HandleKind.objectRef, object.share.number)
  }

  #borrow(token: Token, kind: number, number: number): Promise<unknown> {
    return this.#session.connection.request('hub.borrow', { token, kind, number }, { keepAlive: false })
  }

  /** What a message refers to in Ray: the agent hands it to the hub, which keeps it for as long as the item is there. */
  #adopt(context: EncodeContext, kind: HandleKind, { number }: Share, details: readonly unknown[]): EncodedHandle {
    const token = this.#newToken()
    context.handles?.push(token)
    this.connection.notify('lease.export', { token, kind, id: '' })
    this.#adopting.set(token.number, number)
    this.#session.connection
      .request('hub.adopt', { token, number }, { keepAlive: false })
      .catch(() => {
        // Whoever borrows it is told, since the hub waits for it no longer.
        this.releaseTokens([token])
      })
      .finally(() => this.#adopting.delete(token.number))
    return { kind, body: [token.origin, token.number, ...details], codec: this.codec }
  }

  /** Somebody who has borrowed an object that is still to come does not want it any more. */
  #cancelled({ number }: Token): void {
    const object = this.#adopting.get(number)
    if (object !== undefined) this.#objects.cancelled(object)
  }

  #newToken(): Token {
    return { origin: this.#origin, number: this.#nextToken++ }
  }

  claim(token: Token, stream: number): void {
    const { origin, number, ...kept } = token as KeptToken
    this.connection.notify('lease.claim', { token: { origin, number }, stream, ...kept })
  }

  readonly releaseTokens = (tokens: readonly Token[] | undefined): void => {
    if (tokens !== undefined && tokens.length > 0) this.connection.notify('lease.release', tokens)
  }
}

/** Of a handle in one of Ray's values. The hub does not remember for ever that there was one: with these the channel is found without. */
interface KeptToken extends Token {
  readonly kind?: number
  readonly id?: string
}

/** Stands for a message that is in Ray's object store. */
class StoredReference implements Handle {
  readonly token: Token
  /** Bytes. */
  readonly size: number

  constructor(token: Token, size: number) {
    this.token = token
    this.size = size
  }

  [handleSymbol](): EncodedHandle {
    const { origin, number } = this.token
    return { kind: HandleKind.storedMessage, body: [origin, number, this.size] }
  }
}

/** Which channel the details of an end are about; watches have more to tell. */
function idOf(detail: unknown): { readonly id?: string } {
  const { id } = ((Array.isArray(detail) ? detail[0] : detail) ?? {}) as { readonly id?: unknown }
  return typeof id === 'string' ? { id } : {}
}

/** Ids of channels begin with which hub they are of. */
function instanceOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('.')))
}
