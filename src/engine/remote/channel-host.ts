import type { Codec } from '../../codec/codec.ts'
import type { EncodeContext } from '../../codec/handles.ts'
import type { Clock } from '../../core/clock.ts'
import type { ChannelStats } from '../../core/ports.ts'
import type { Connection } from '../../wire/connection.ts'
import type { HandleKind, Token } from '../../wire/token.ts'

/** What the ends of a remote channel need from the thread or process that they live in. */
export interface ChannelHost {
  readonly connection: Connection
  readonly codec: Codec
  readonly clock: Clock
  /** The engine's name, for errors. */
  readonly backend: string
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
