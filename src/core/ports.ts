import type { Awaitable, Result } from '../result.ts'
import type { ChannelClosed, ChannelEmpty, ChannelFull } from '../errors.ts'
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
  readonly highWaterMark: number
  readonly senders: number
  readonly receivers: number
  readonly waitingSenders: number
  readonly waitingReceivers: number
  readonly sent: number
  readonly received: number
  /** Handed out in acknowledged mode and neither acknowledged nor given back. */
  readonly unacknowledged: number
  readonly redelivered: number
}

/** What a {@link Sender} needs from whatever holds the channel: the in-process state machine, or a stream to a hub. */
export interface SendPort<T> {
  readonly capacity: number
  readonly length: number
  readonly isClosed: boolean
  send(value: T, options: WaitOptions | undefined): Promise<void>
  trySend(value: T): Awaitable<Result<void, ChannelFull<T> | ChannelClosed<T>>>
  /** All or nothing. */
  trySendBatch(values: readonly T[]): Awaitable<Result<void, ChannelFull<readonly T[]> | ChannelClosed<readonly T[]>>>
  reserve(options: WaitOptions | undefined): Promise<SlotPort<T>>
  /** A case for `select`: ready when a slot is free; taking it sends `value`. */
  sendSource(value: T): SelectSource<Result<void, ChannelClosed<T>>>
  /** Settles when the last receiver has closed. */
  closed(options: WaitOptions | undefined): Promise<void>
  clone(): SendPort<T>
  close(): Awaitable<void>
  stats(): Awaitable<ChannelStats>
}

/** One reserved slot. `send` and `release` each end it. */
export interface SlotPort<T> {
  send(value: T): Awaitable<void>
  release(): void
}

/** What a {@link Receiver} needs. `M` is the item as the user sees it: the value, or a delivery in acknowledged mode. */
export interface ReceivePort<M> {
  readonly capacity: number
  readonly length: number
  readonly isClosed: boolean
  recv(options: WaitOptions | undefined): Promise<M>
  tryRecv(): Awaitable<Result<M, ChannelEmpty | ChannelClosed>>
  /** Takes what is there now, at most `max`, possibly nothing; throws `ChannelClosed` when closed and drained. */
  takeUpTo(max: number): Awaitable<M[]>
  /** A case for `select`. */
  recvSource(): SelectSource<Result<M, ChannelClosed>>
  clone(): ReceivePort<M>
  close(): Awaitable<void>
  stats(): Awaitable<ChannelStats>
}
