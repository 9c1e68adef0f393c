import type { Codec } from '../../codec/codec.ts'
import type { EncodeContext } from '../../codec/handles.ts'
import type { Clock } from '../../core/clock.ts'
import type { ChannelStats } from '../../core/ports.ts'
import type { Connection } from '../../wire/connection.ts'
import type { EncodedValue, HandleKind, Token } from '../../wire/token.ts'

/** Where messages go that are too large for the hub. */
export interface MessageStore {
  /** Bytes of the largest encoded message that goes through the hub by itself. */
  readonly threshold: number
  /** Bytes of the largest one that can do so, where storing it is out of the question. */
  readonly largestInline: number
  /** Stores a message; what is sent instead. Rejects when it can not be stored, or the signal aborts: then its handles are still the caller's. */
  store(message: EncodedValue, signal: AbortSignal): Promise<EncodedValue>
  /** How many bytes the message has for which this is sent; undefined if this is a message itself. */
  sizeOf(bytes: Uint8Array, start: number, end: number): number | undefined
  /** Brings the message here that is meant. */
  load(bytes: Uint8Array, start: number, end: number, signal: AbortSignal): Promise<Uint8Array>
}

/** What the ends of a remote channel need from the thread or process that they live in. */
export interface ChannelHost {
  readonly connection: Connection
  readonly codec: Codec
  readonly clock: Clock
  /** The engine's name, for errors. */
  readonly backend: string
  /** Absent: the hub takes messages of any size. */
  readonly store?: MessageStore | undefined
  /** Announces a handle that goes into a value. */
  export(context: EncodeContext, kind: HandleKind, id: string, detail: unknown): { kind: number; body: unknown }
  /** A function of its own, so that it can be passed on. */
  readonly releaseTokens: (tokens: readonly Token[] | undefined) => void
}

/** Which channel an end belongs to. */
export interface ChannelIdentity {
  readonly id: string
  readonly capacity: number
  readonly ack: boolean
  readonly name: string | undefined
  readonly namespace: string
}

/** Opens another end of a channel that this thread holds already. */
export function attach(host: ChannelHost, id: string, side: 'sender' | 'receiver' | 'follower'): number {
  const stream = host.connection.nextStream()
  host.connection.notify('channel.attach', { id, side, stream })
  return stream
}

export async function askStats(host: ChannelHost, id: string): Promise<ChannelStats> {
  return (await host.connection.request('channel.stats', id)) as ChannelStats
}
