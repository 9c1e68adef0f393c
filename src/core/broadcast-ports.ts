import { type ChannelClosed, ChannelEmpty } from '../errors.ts'
import { failed, type Result, success } from '../result.ts'
import type { Broadcast, BroadcastOutcome, Cursor } from './broadcast.ts'
import type { Clock } from './clock.ts'
import { closedSender, refusal } from './closures.ts'
import type { BroadcastReceivePort, BroadcastSendPort, WaitOptions } from './ports.ts'
import type { SelectSource } from './select.ts'
import { sourceOf, waitFor } from './waitable.ts'

/** The sending end of a {@link Broadcast} in this process. */
export class LocalBroadcastSendPort<T> implements BroadcastSendPort<T> {
  readonly #broadcast: Broadcast<T>
  readonly #clock: Clock
  #open = true

  /** Takes over one count of the senders. */
  constructor(broadcast: Broadcast<T>, clock: Clock) {
    this.#broadcast = broadcast
    this.#clock = clock
  }

  get capacity(): number {
    return this.#broadcast.capacity
  }

  get receiverCount(): number {
    return this.#broadcast.cursors.count
  }

  get isClosed(): boolean {
    return !this.#open
  }

  send(value: T): Result<number, ChannelClosed> {
    if (!this.#open) return failed(refusal(closedSender, value))
    return success(this.#broadcast.send(value))
  }

  subscribe(): LocalBroadcastReceivePort<T> {
    if (!this.#open) throw refusal(closedSender)
    return new LocalBroadcastReceivePort(this.#broadcast.subscribe(), this.#broadcast.capacity, this.#clock)
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#open ? this.#broadcast.cursors.gone(this, options, this.#clock) : Promise.resolve()
  }

  clone(): LocalBroadcastSendPort<T> {
    if (!this.#open) throw refusal(closedSender)
    this.#broadcast.addSender()
    return new LocalBroadcastSendPort(this.#broadcast, this.#clock)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#broadcast.cursors.stopAsking(this)
    this.#broadcast.removeSender()
  }
}

/** One receiver of a {@link Broadcast} in this process. */
export class LocalBroadcastReceivePort<T> implements BroadcastReceivePort<T> {
  readonly capacity: number
  readonly #cursor: Cursor<T>
  readonly #clock: Clock

  constructor(cursor: Cursor<T>, capacity: number, clock: Clock) {
    this.#cursor = cursor
    this.capacity = capacity
    this.#clock = clock
  }

  get length(): number {
    return this.#cursor.length
  }

  get isClosed(): boolean {
    return this.#cursor.isClosed
  }

  recv(options: WaitOptions | undefined): Promise<T> {
    return waitFor(this.#cursor, options, this.#clock, 'recv')
  }

  tryRecv(): BroadcastOutcome<T> | Result<T, ChannelEmpty> {
    return this.#cursor.ready() ? this.#cursor.take() : failed(new ChannelEmpty())
  }

  recvSource(): SelectSource<BroadcastOutcome<T>> {
    return sourceOf(this.#cursor)
  }

  subscribe(): LocalBroadcastReceivePort<T> {
    return new LocalBroadcastReceivePort(this.#cursor.subscribe(), this.capacity, this.#clock)
  }

  clone(): LocalBroadcastReceivePort<T> {
    return new LocalBroadcastReceivePort(this.#cursor.fork(), this.capacity, this.#clock)
  }

  close(): void {
    this.#cursor.close()
  }
}
