import type { MessagePort } from 'node:worker_threads'
import { Codec } from '../../codec/codec.ts'
import type { EncodeContext } from '../../codec/handles.ts'
import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import type { Clock } from '../../core/clock.ts'
import { SerializationError } from '../../errors.ts'
import { Connection } from '../../wire/connection.ts'
import type { Operation } from '../../wire/operations.ts'
import type { HandleKind, Token } from '../../wire/token.ts'
import type { ChannelArrivals } from '../remote/channels.ts'
import type { HandleFactory, TransitContext } from '../remote/transit.ts'
import { PortTransport } from './port-transport.ts'

/** A thread's connection to the hub, and the codec that knows its handles. */
export class Client {
  readonly connection: Connection
  readonly codec: Codec
  /** Requests and events that the hub sends to this thread. Filled by the services of this thread before the first answer. */
  readonly operations = new Map<string, Operation>()
  readonly #factories = new Map<number, HandleFactory>()
  #session = 0
  #nextToken = 1

  constructor(port: MessagePort, serializers: SerializerRegistry) {
    this.codec = new Codec({
      serializers,
      handles: {
        decode: (kind, body) => {
          const factory = this.#factories.get(kind)
          if (factory === undefined) throw new SerializationError(`a handle of the unknown kind ${kind} arrived`)
          const [origin, number, detail] = body as [number, number, unknown]
          return factory({ origin, number }, detail)
        },
      },
    })
    this.connection = new Connection(new PortTransport(port), this.codec, this.operations)
  }

  /** This thread's number within the runtime; 1 is the driver. */
  get session(): number {
    return this.#session
  }

  /** What channel ends need of this thread. */
  channelHost(clock: Clock): ChannelArrivals {
    return {
      connection: this.connection,
      codec: this.codec,
      clock,
      backend: 'embedded',
      releaseTokens: this.releaseTokens,
      export: (context, kind, id, detail) => this.export(context, kind, id, detail),
      handleFactory: (kind, factory) => this.handleFactory(kind, factory),
      claim: (token, stream) => this.claim(token, stream),
    }
  }

  /** Learns the session number. Nothing else may be asked before. */
  async open(): Promise<void> {
    this.#session = (await this.connection.request('session.open')) as number
  }

  handleFactory(kind: HandleKind, factory: HandleFactory): void {
    this.#factories.set(kind, factory)
  }

  /**
   * Announces a handle that goes into a value; the result is what its `[handleSymbol]` returns.
   *
   * @param id names the resource to the hub; `detail` is what the other side's factory gets.
   */
  export(context: EncodeContext, kind: HandleKind, id: string, detail: unknown): { kind: number; body: unknown } {
    const transit = context as TransitContext
    if (transit.handles === undefined) throw new SerializationError('a handle can not be stored here')
    if (transit.discardHandles !== this.releaseTokens) throw new SerializationError('it belongs to another runtime')
    const token: Token = { origin: this.#session, number: this.#nextToken++ }
    transit.handles.push(token)
    this.connection.notify('lease.export', { token, kind, id, target: transit.target })
    return { kind, body: [token.origin, token.number, detail] }
  }

  /** Turns a token into a lease of this session. `stream` is the number of the new end, for channels. */
  claim(token: Token, stream = 0): void {
    this.connection.notify('lease.claim', { token, stream })
  }

  /** Lets go of tokens whose values are done with. */
  readonly releaseTokens = (tokens: readonly Token[] | undefined): void => {
    if (tokens !== undefined && tokens.length > 0) this.connection.notify('lease.release', tokens)
  }

  /** This hub refuses a claim of what it does not know. */
  readonly claimsWait = false

  /**
   * Waits until the hub has carried out everything that this thread told it.
   *
   * A value with tokens leaves by a direct port only after this, so that a claim can not overtake its export.
   */
  async barrier(): Promise<void> {
    await this.connection.request('session.barrier')
  }
}
