import { type ChannelClosed, ChannelLagged } from '../errors.ts'
import { failed, type Result, success } from '../result.ts'
import { closedReceiver, noSender, refusal } from './closures.ts'
import { Holders } from './holders.ts'
import { RingBuffer } from './ring-buffer.ts'
import type { OutcomeWaiter, Waitable } from './waitable.ts'
import { Waiter, WaiterList } from './waiters.ts'

/** What reading a broadcast can bring. */
export type BroadcastOutcome<T> = Result<T, ChannelLagged | ChannelClosed>

interface Retained<T> {
  readonly value: T
  /** How many cursors have not passed it. */
  unread: number
}

/**
 * Every cursor sees every value that was sent after it was made. The last `capacity` values are retained, each until all
 * cursors have passed it; a cursor that falls further behind is told how many it missed and goes on with the oldest.
 *
 * Source of the semantics: tokio's `broadcast`.
 */
export class Broadcast<T> {
  readonly capacity: number
  readonly cursors = new Holders(0)
  readonly #retained = new RingBuffer<Retained<T>>()
  /** Those that have read everything and have somebody waiting. */
  readonly #waiting = new WaiterList<Cursor<T>>()
  /** Values are numbered from 0. This is the number of the oldest that is retained. */
  #oldest = 0
  #next = 0
  #senders = 1

  readonly #dropped: ((value: T) => void) | undefined

  /** Starts with one sender and no cursor. `dropped` is told of each value that is no longer retained. */
  constructor(capacity: number, dropped?: (value: T) => void) {
    this.capacity = capacity
    this.#dropped = dropped
  }

  /** The number that the next value will have. */
  get next(): number {
    return this.#next
  }

  get oldest(): number {
    return this.#oldest
  }

  get isEnded(): boolean {
    return this.#senders === 0
  }

  /** Returns how many cursors will see the value. */
  send(value: T): number {
    const count = this.cursors.count
    if (count === 0) return 0
    this.#retained.pushBack({ value, unread: count })
    this.#next++
    if (this.#retained.length > this.capacity) this.#dropOldest()
    // Each cursor hands one value to one waiter, so a cursor that has read it stands, if at all, behind those that have not.
    for (let cursor = this.#waiting.first; cursor !== undefined; cursor = this.#waiting.first) {
      if (cursor.position === this.#next) break
      this.#waiting.shift()
      cursor.serve()
    }
    return count
  }

  subscribe(): Cursor<T> {
    this.cursors.add()
    return new Cursor(this, this.#next)
  }

  /** A cursor at the same place as `cursor`. */
  fork(cursor: Cursor<T>): Cursor<T> {
    this.cursors.add()
    this.#countUnread(cursor.position, 1)
    return new Cursor(this, cursor.position)
  }

  addSender(): void {
    this.#senders++
  }

  removeSender(): void {
    this.#senders--
    if (this.#senders !== 0) return
    for (let cursor = this.#waiting.shift(); cursor !== undefined; cursor = this.#waiting.shift()) cursor.end()
  }

  /** Reads at `position`, which is retained. */
  read(position: number): T {
    const retained = this.#retained.at(position - this.#oldest) as Retained<T>
    retained.unread--
    this.#forgetRead()
    return retained.value
  }

  /** The cursor will not read on. */
  leave(cursor: Cursor<T>): void {
    this.#countUnread(cursor.position, -1)
    this.#forgetRead()
    this.cursors.remove()
  }

  wait(cursor: Cursor<T>): void {
    if (cursor.list === undefined) this.#waiting.push(cursor)
  }

  stopWaiting(cursor: Cursor<T>): void {
    this.#waiting.remove(cursor)
  }

  #countUnread(from: number, change: number): void {
    for (let number = Math.max(from, this.#oldest); number < this.#next; number++) {
      const retained = this.#retained.at(number - this.#oldest) as Retained<T>
      retained.unread += change
    }
  }

  /** Whoever has not passed a value has not passed those after it either, so what all have read is at the front. */
  #forgetRead(): void {
    while (this.#retained.at(0)?.unread === 0) this.#dropOldest()
  }

  #dropOldest(): void {
    const retained = this.#retained.popFront()
    this.#oldest++
    if (retained !== undefined) this.#dropped?.(retained.value)
  }
}

/** How far one receiver has read. */
export class Cursor<T> extends Waiter implements Waitable<BroadcastOutcome<T>> {
  readonly #broadcast: Broadcast<T>
  readonly #waiters = new WaiterList<OutcomeWaiter<BroadcastOutcome<T>>>()
  #position: number
  #open = true

  constructor(broadcast: Broadcast<T>, position: number) {
    super()
    this.#broadcast = broadcast
    this.#position = position
  }

  /** The number of the value that it reads next. */
  get position(): number {
    return this.#position
  }

  /** Values that it can still read. */
  get length(): number {
    return this.#open ? this.#broadcast.next - Math.max(this.#position, this.#broadcast.oldest) : 0
  }

  get isClosed(): boolean {
    return !this.#open || (this.#broadcast.isEnded && this.#position === this.#broadcast.next)
  }

  ready(): boolean {
    return this.isClosed || this.#position !== this.#broadcast.next
  }

  take(): BroadcastOutcome<T> {
    const { oldest, next } = this.#broadcast
    if (!this.#open || this.#position === next) return failed(this.#refusal())
    if (this.#position < oldest) {
      const missed = oldest - this.#position
      this.#position = oldest
      return failed(new ChannelLagged({ missed }))
    }
    return success(this.#broadcast.read(this.#position++))
  }

  park(waiter: OutcomeWaiter<BroadcastOutcome<T>>): void {
    this.#waiters.push(waiter)
    this.#broadcast.wait(this)
  }

  unpark(waiter: OutcomeWaiter<BroadcastOutcome<T>>): void {
    if (this.#waiters.remove(waiter) && this.#waiters.length === 0) this.#broadcast.stopWaiting(this)
  }

  /** Hands the next value to the first that waits. */
  serve(): void {
    const waiter = this.#waiters.shift()
    const outcome = this.take()
    if (this.#waiters.length !== 0) this.#broadcast.wait(this)
    waiter?.settle(outcome)
  }

  /** Settles all that wait: nothing more will come. */
  end(): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift())
      waiter.settle(this.take())
  }

  fork(): Cursor<T> {
    if (!this.#open) throw this.#refusal()
    return this.#broadcast.fork(this)
  }

  subscribe(): Cursor<T> {
    if (!this.#open) throw this.#refusal()
    return this.#broadcast.subscribe()
  }

  close(): void {
    if (!this.#open) return
    this.#broadcast.leave(this)
    this.#open = false
    this.#broadcast.stopWaiting(this)
    this.end()
  }
  #refusal(): ChannelClosed {
    return refusal(this.#open ? noSender : closedReceiver)
  }
}
