import type { ChannelClosed, ChannelEmpty, ChannelFull, ChannelLagged } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import type { SelectSource } from './select.ts'

/** How long an operation may wait. Checked by the caller before it reaches a port. */
export interface WaitOptions {
  /** Milliseconds; 0 means "try now". Absent: wait without limit. */
  readonly timeout?: number | undefined
  /** Rejects with the signal's reason; an operation that was aborted has no effect. */
  readonly signal?: AbortSignal | undefined
}

/** A channel as its holder counts it. */
export interface ChannelStats {
  readonly capacity: number
  /** Items that were accepted and not yet taken by a `recv`. */
  readonly length: number
  /** The most items that were buffered at once. */
  readonly highWaterMark: number
  readonly senders: number
  readonly receivers: number
  readonly waitingSenders: number
  readonly waitingReceivers: number
  /** Items that were accepted so far. */
  readonly sent: number
  /** Items that receivers took so far; in acknowledged mode every delivery counts. */
  readonly received: number
  /** Handed out in acknowledged mode and neither acknowledged nor given back. */
  readonly unacknowledged: number
  /** Deliveries in acknowledged mode that had to be made again. */
  readonly redelivered: number
  /** Items accepted a second, a mean over the last 5 seconds or so. Where the hub of a cluster holds the channel; undefined elsewhere. */
  readonly sentRate?: number | undefined
  /** The same for items that receivers took. */
  readonly receivedRate?: number | undefined
  /** Where its ends are, by process: host name and process id. Where the hub of a cluster holds the channel; undefined elsewhere. */
  readonly nodes?: Readonly<Record<string, NodeEnds>> | undefined
}

/** The ends of a channel that one process holds. */
export interface NodeEnds {
  readonly senders: number
  readonly receivers: number
}

/** What a `Sender` needs from whatever holds the channel: the in-process state machine, or a stream to a hub. */
export interface SendPort<in T> {
  readonly capacity: number
  readonly length: number
  /** True when a send would fail: this end was closed, or no receiver is left. */
  readonly isClosed: boolean
  send(value: T, options: WaitOptions | undefined): Promise<void>
  trySend(value: T): Awaitable<Result<void, ChannelFull | ChannelClosed>>
  /**
   * Waits for room and keeps the values together, in order. A batch that fits in the capacity is accepted as a whole or not at all;
   * a larger one goes in as there is room, and is given up half-way with `ChannelPartialSend`, or `ChannelClosed` with the rest.
   */
  sendBatch(values: readonly T[], options: WaitOptions | undefined): Promise<void>
  /** All or nothing. */
  trySendBatch(values: readonly T[]): Awaitable<Result<void, ChannelFull | ChannelClosed>>
  reserve(options: WaitOptions | undefined): Promise<SlotPort<T>>
  /** A case for `select`: ready when a slot is free; taking it sends `value`. */
  sendSource(value: T): SelectSource<Result<void, ChannelClosed>>
  /** Settles when the last receiver has closed, or this end. */
  closed(options: WaitOptions | undefined): Promise<void>
  clone(): SendPort<T>
  /** Idempotent. Sends that wait already keep their place and are still delivered. */
  close(): Awaitable<void>
  stats(): Awaitable<ChannelStats>
}

/** One reserved slot. `send` and `release` each end it, once. */
export interface SlotPort<in T> {
  /** Fails with `ChannelClosed`, which carries the value, when no receiver is left. */
  send(value: T): Awaitable<void>
  release(): void
}

/** What a `Receiver` needs. `M` is the item as the user sees it: the value, or a delivery in acknowledged mode. */
export interface ReceivePort<out M> {
  readonly capacity: number
  readonly length: number
  /** Whether what it receives are deliveries, which have to be acknowledged. */
  readonly acknowledged: boolean
  /** True when a recv would fail: this end was closed, or the channel has ended and is drained. */
  readonly isClosed: boolean
  recv(options: WaitOptions | undefined): Promise<M>
  tryRecv(): Awaitable<Result<M, ChannelEmpty | ChannelClosed>>
  /** Takes what is there now, at most `max`, possibly nothing; throws `ChannelClosed` when closed and drained. */
  takeUpTo(max: number): Awaitable<M[]>
  /** The next operation fails with this: what an item has failed with that was taken together with others, which are given out. */
  failLater?(error: unknown): void
  /** A case for `select`, and what iteration and Web Streams take from. It can be used again and again. */
  recvSource(): SelectSource<Result<M, ChannelClosed>>
  clone(): ReceivePort<M>
  /** Idempotent. Ends the `recv`s that wait on this end. */
  close(): Awaitable<void>
  stats(): Awaitable<ChannelStats>
}

/** An item of a channel in acknowledged mode: it is delivered again unless it is acknowledged in time. */
export interface Delivery<out T> {
  readonly value: T
  /** 1 at first, one more each time that it is delivered again. */
  readonly deliveryCount: number
  /** The item is done with. Does nothing once it was acknowledged, given back, or delivered again. */
  ack(): void
  /** Gives the item back, to be delivered again at once, before all others. Does nothing after `ack`. */
  nack(): void
}

export interface OneshotSendPort<in T> {
  /** True when a send would fail. */
  readonly isClosed: boolean
  trySend(value: T): Awaitable<Result<void, ChannelClosed>>
  /** Settles when the receiver has closed, or this end. */
  closed(options: WaitOptions | undefined): Promise<void>
  close(): Awaitable<void>
}

export interface OneshotReceivePort<out T> {
  readonly isClosed: boolean
  recv(options: WaitOptions | undefined): Promise<T>
  tryRecv(): Awaitable<Result<T, ChannelEmpty | ChannelClosed>>
  recvSource(): SelectSource<Result<T, ChannelClosed>>
  close(): Awaitable<void>
}

export interface BroadcastSendPort<T> {
  readonly capacity: number
  readonly receiverCount: number
  readonly isClosed: boolean
  /** Never waits. Returns how many receivers will see the value; fails with `ChannelClosed` when this end was closed. */
  send(value: T): Awaitable<Result<number, ChannelClosed>>
  /** A new receiver, which sees what is sent from now on. */
  subscribe(): Awaitable<BroadcastReceivePort<T>>
  /** Settles when no receiver is left, or this end was closed. */
  closed(options: WaitOptions | undefined): Promise<void>
  clone(): BroadcastSendPort<T>
  close(): Awaitable<void>
}

export interface BroadcastReceivePort<out T> {
  readonly capacity: number
  /** Values that it has not read yet and that are still retained. */
  readonly length: number
  readonly isClosed: boolean
  recv(options: WaitOptions | undefined): Promise<T>
  tryRecv(): Awaitable<Result<T, ChannelEmpty | ChannelLagged | ChannelClosed>>
  recvSource(): SelectSource<Result<T, ChannelLagged | ChannelClosed>>
  /** A new receiver, which sees what is sent from now on. */
  subscribe(): Awaitable<BroadcastReceivePort<T>>
  /** A new receiver that has read exactly as much as this one. */
  clone(): Awaitable<BroadcastReceivePort<T>>
  close(): Awaitable<void>
}

export interface WatchSendPort<T> {
  readonly receiverCount: number
  readonly isClosed: boolean
  /** The latest value that is known here. */
  borrow(): T
  send(value: T): Awaitable<Result<void, ChannelClosed>>
  /** Replaces the latest value by what `change` makes of it, atomically. If `change` throws, nothing happens, and this throws. */
  update(change: (value: T) => T): Awaitable<Result<void, ChannelClosed>>
  subscribe(): Awaitable<WatchReceivePort<T>>
  /** Settles when no receiver is left, or this end was closed. */
  closed(options: WaitOptions | undefined): Promise<void>
  clone(): WatchSendPort<T>
  close(): Awaitable<void>
}

export interface WatchReceivePort<out T> {
  readonly isClosed: boolean
  /** The latest value that is known here. */
  borrow(): T
  /** True when the latest value was not marked as seen. */
  hasChanged(): boolean
  /** Marks the latest value as seen, and returns it. */
  markSeen(): T
  /** Waits for a value that was not seen yet, and marks it as seen. */
  changed(options: WaitOptions | undefined): Promise<void>
  /** Ready when {@link changed} would settle; its outcome is the value. */
  changedSource(): SelectSource<Result<T, ChannelClosed>>
  /** A new receiver, to which the latest value counts as seen. */
  subscribe(): Awaitable<WatchReceivePort<T>>
  /** A new receiver that has seen exactly as much as this one. */
  clone(): Awaitable<WatchReceivePort<T>>
  close(): Awaitable<void>
}
