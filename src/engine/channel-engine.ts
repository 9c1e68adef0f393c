import type { ChannelStats, ReceivePort, SendPort, WaitOptions } from '../core/ports.ts'

/** What a channel is made with. */
export interface ChannelSpec {
  readonly capacity: number
  readonly ack: boolean
  /** Milliseconds until an unacknowledged delivery is made again. */
  readonly ackTimeout: number
  readonly name: string | undefined
  readonly namespace: string
  readonly lifetime: 'detached' | 'session'
  /** Milliseconds without a holder after which a named channel goes. */
  readonly ttl: number | undefined
}

export interface ChannelInfo {
  readonly name: string
  readonly namespace: string
  readonly kind: 'mpmc' | 'oneshot' | 'broadcast' | 'watch'
  readonly capacity: number
  readonly stats: ChannelStats | undefined
}

/** Makes and finds channels outside this thread. */
export interface ChannelEngine {
  open(spec: ChannelSpec): Promise<{ send: SendPort<unknown>; receive: ReceivePort<unknown> }>
  find(name: string, namespace: string): Promise<ChannelInfo | undefined>
  list(namespace: string | undefined): Promise<ChannelInfo[]>
  /** Ends the channel for everybody who holds it; false when there was none. */
  delete(name: string, namespace: string): Promise<boolean>
}

export type { WaitOptions }
