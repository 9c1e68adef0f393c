import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Codec } from '../../../codec/codec.ts'
import type { EncodeContext, EncodedHandle } from '../../../codec/handles.ts'
import type { SerializerRegistry } from '../../../codec/serializer-registry.ts'
import type { Clock } from '../../../core/clock.ts'
import { KlawError, SerializationError } from '../../../errors.ts'
import { Connection } from '../../../wire/connection.ts'
import type { HandleKind, Token } from '../../../wire/token.ts'
import type { Transport } from '../../../wire/transport.ts'
import type { ChannelArrivals } from '../../remote/channels.ts'
import type { HandleFactory } from '../../remote/transit.ts'
import { DeferredTransport } from './deferred-transport.ts'

/** Bytes of one frame; what is larger is cut, or travels by reference. */
const longestPiece = 2 ** 20

export interface HubClientOptions {
  readonly clock: Clock
  readonly serializers: SerializerRegistry
  /** The codec of the session's other values: arguments, results, objects. */
  readonly sessionCodec: object
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
  readonly #sessionCodec: object
  /** By which the hub knows this session's tokens. */
  readonly #origin = randomBytes(4).readUInt32LE()
  readonly #factories = new Map<number, HandleFactory>()
  #nextToken = 1

  constructor({ clock, serializers, sessionCodec, open }: HubClientOptions) {
    this.clock = clock
    this.#sessionCodec = sessionCodec
    this.codec = new Codec({ serializers, handles: { decode: (kind, body) => this.arrived(kind, body) } })
    this.connection = new Connection(new DeferredTransport(open, longestPiece), this.codec, new Map())
    // Before everything else. A hub that refuses is none.
    this.connection
      .request('session.open', { origin: this.#origin, node: `${hostname()}:${process.pid}` }, { keepAlive: false })
      .catch((error: unknown) => this.connection.close(KlawError.from(error)))
  }

  /** Makes a handle of what arrived for one, in a message or in another value. */
  arrived(kind: number, body: unknown): unknown {
    const factory = this.#factories.get(kind)
    if (factory === undefined) throw new SerializationError(`a handle of the unknown kind ${kind} arrived`)
    const [origin, number, detail] = body as [number, number, unknown]
    return factory({ origin, number }, detail)
  }

  handleFactory(kind: HandleKind, factory: HandleFactory): void {
    this.#factories.set(kind, factory)
  }

  export(context: EncodeContext, kind: HandleKind, id: string, detail: unknown): EncodedHandle {
    const token: Token = { origin: this.#origin, number: this.#nextToken++ }
    const body = [token.origin, token.number, detail]
    if (context.discardHandles === this.releaseTokens) {
      context.handles?.push(token)
      this.connection.notify('lease.export', { token, kind, id })
      return { kind, body, codec: this.codec }
    }
    // Nobody can say when the last copy of a value of Ray's has been read: the hub keeps the token.
    this.connection.notify('lease.export', { token, kind, id, kept: true })
    return { kind, body: [...body, instanceOf(id)], codec: this.#sessionCodec }
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
