import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Codec } from '../../../codec/codec.ts'
import type { EncodeContext, EncodedHandle } from '../../../codec/handles.ts'
import type { SerializerRegistry } from '../../../codec/serializer-registry.ts'
import type { Clock } from '../../../core/clock.ts'
import { KlawError } from '../../../errors.ts'
import { Connection } from '../../../wire/connection.ts'
import type { HandleKind, Token } from '../../../wire/token.ts'
import type { Transport } from '../../../wire/transport.ts'
import type { ChannelArrivals } from '../../remote/channels.ts'
import type { HandleFactory } from '../../remote/transit.ts'
import type { RayClient } from '../client.ts'
import type { Share } from '../share.ts'
import { DeferredTransport } from './deferred-transport.ts'

/** Bytes of one frame; what is larger is cut, or travels by reference. */
const longestPiece = 2 ** 20

export interface HubClientOptions {
  readonly clock: Clock
  readonly serializers: SerializerRegistry
  /** The session that the process has with its agent. */
  readonly session: RayClient
  /** Opens the connection, once. */
  readonly open: () => Promise<Transport>
}

/**
 * This process's connection to the cluster's hub, and the codec of the messages that go through it. It connects when something is first said on it, so
 * channel ends can be made of what arrives in values at any time.
 */
export class HubClient implements ChannelArrivals {
  readonly backend = 'ray'
  readonly connection: Connection
  readonly codec: Codec
  readonly clock: Clock
  readonly #session: RayClient
  /** By which the hub knows this session's tokens. */
  readonly #origin = randomBytes(4).readUInt32LE()
  readonly #factories = new Map<number, HandleFactory>()
  #nextToken = 1

  constructor({ clock, serializers, session, open }: HubClientOptions) {
    this.clock = clock
    this.#session = session
    this.codec = new Codec({ serializers, handles: { decode: (kind, body) => this.arrived(kind, body) } })
    this.connection = new Connection(new DeferredTransport(open, longestPiece), this.codec, new Map())
    session.onAdopting(this.releaseTokens, (context, kind, share, details) =>
      this.#adopt(context, kind, share, details),
    )
    // Before everything else. A hub that refuses is none.
    this.connection
      .request('session.open', { origin: this.#origin, node: `${hostname()}:${process.pid}` }, { keepAlive: false })
      .catch((error: unknown) => this.connection.close(KlawError.from(error)))
  }

  /** Makes a handle of what arrived for one, in a message or in another value. */
  arrived(kind: number, body: unknown): unknown {
    const [origin, number, ...details] = body as [number, number, ...unknown[]]
    const token = { origin, number }
    const factory = this.#factories.get(kind)
    if (factory !== undefined) return factory(token, details[0])
    return this.#session.borrow(kind, details, (own) => {
      return this.#session.connection.request('hub.borrow', { token, number: own }, { keepAlive: false })
    })
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

  /** What a message refers to in Ray: the agent hands it to the hub, which keeps it for as long as the item is there. */
  #adopt(context: EncodeContext, kind: HandleKind, { number }: Share, details: readonly unknown[]): EncodedHandle {
    const token = this.#newToken()
    context.handles?.push(token)
    this.connection.notify('lease.export', { token, kind, id: '' })
    this.#session.connection.request('hub.adopt', { token, number }, { keepAlive: false }).catch(() => {
      // Whoever borrows it is told, since the hub waits for it no longer.
      this.releaseTokens([token])
    })
    return { kind, body: [token.origin, token.number, ...details], codec: this.codec }
  }

  #newToken(): Token {
    return { origin: this.#origin, number: this.#nextToken++ }
  }

  claim(token: Token, stream: number): void {
    this.connection.notify('lease.claim', { token, stream })
  }

  readonly releaseTokens = (tokens: readonly Token[] | undefined): void => {
    if (tokens !== undefined && tokens.length > 0) this.connection.notify('lease.release', tokens)
  }
}

/** Ids of channels begin with which hub they are of. */
function instanceOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('.')))
}
