import type {
  BroadcastReceivePort,
  BroadcastSendPort,
  ChannelStats,
  OneshotReceivePort,
  OneshotSendPort,
  ReceivePort,
  SendPort,
  WatchReceivePort,
  WatchSendPort,
} from '../core/ports.ts'

export type ChannelKind = 'mpmc' | 'oneshot' | 'broadcast' | 'watch'

/** What a channel is made with. */
export interface ChannelSpec {
  readonly kind: ChannelKind
  /** Infinity: unbounded. */
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

/** A named channel, as `getChannel` and `listChannels` describe it. */
export interface ChannelInfo {
  readonly name: string
  readonly namespace: string
  readonly kind: ChannelKind
  readonly capacity: number
  /** Whether deliveries have to be acknowledged. */
  readonly ack: boolean
  readonly stats: ChannelStats
}

/** The ports of a channel's two ends. */
export interface Ends<Send, Receive> {
  readonly send: Send
  readonly receive: Receive
}

/** Makes and finds channels outside this thread. A named one that exists is joined; another kind or capacity is refused. */
export interface ChannelEngine {
  open(spec: ChannelSpec): Promise<Ends<SendPort<unknown>, ReceivePort<unknown>>>
  openOneshot(spec: ChannelSpec): Promise<Ends<OneshotSendPort<unknown>, OneshotReceivePort<unknown>>>
  openBroadcast(spec: ChannelSpec): Promise<Ends<BroadcastSendPort<unknown>, BroadcastReceivePort<unknown>>>
  /** `initial` is the value of a new one. */
  openWatch(spec: ChannelSpec, initial: unknown): Promise<Ends<WatchSendPort<unknown>, WatchReceivePort<unknown>>>
  find(name: string, namespace: string): Promise<ChannelInfo | undefined>
  /** All namespaces when `namespace` is undefined. */
  list(namespace: string | undefined): Promise<ChannelInfo[]>
  /** Ends the channel for everybody who holds it; false when there was none. */
  delete(name: string, namespace: string): Promise<boolean>
}

/** Makes what users hold of the ports that arrive inside values. */
export interface ChannelHandles {
  sender(port: SendPort<unknown>): unknown
  receiver(port: ReceivePort<unknown>): unknown
  oneshotSender(port: OneshotSendPort<unknown>): unknown
  oneshotReceiver(port: OneshotReceivePort<unknown>): unknown
  broadcastSender(port: BroadcastSendPort<unknown>): unknown
  broadcastReceiver(port: BroadcastReceivePort<unknown>): unknown
  watchSender(port: WatchSendPort<unknown>): unknown
  watchReceiver(port: WatchReceivePort<unknown>): unknown
}
