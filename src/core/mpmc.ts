import { noReceiver, noSender } from './closures.ts'
import { Holders } from './holders.ts'
import { ItemQueue } from './item-queue.ts'
import type { ChannelStats } from './ports.ts'
import { Slots } from './slots.ts'

const ignore = () => {}

/** How values become what a channel holds. */
export interface Passing<in T, Item> {
  /** Throws when the value cannot be passed. */
  wrap(value: T): Item
  /** Nobody will receive the item. */
  drop(item: Item): void
}

/**
 * A channel with many senders and many receivers: capacity, items, who holds it, and the rules for closing.
 *
 * - An item holds its slot from before it is accepted until it was taken or, with `holdsTaken`, until it is settled.
 * - It ends for receivers when no sender is left and nothing can come any more: no permit, no waiting send, nothing unsettled.
 * - It ends for senders when no receiver is left. What is buffered is dropped.
 */
export class Mpmc<T> {
  readonly slots: Slots
  readonly items = new ItemQueue<T>()
  readonly receivers = new Holders(1)
  /** An item that was taken keeps its slot until {@link settle}, and may come back by {@link giveBack}. */
  readonly holdsTaken: boolean
  /** Asked to give back what is overdue before somebody looks at the channel or takes from it. */
  lender: { expire(): void } | undefined
  /** Counts items that were delivered again, for `stats`. Kept by whoever decides on that. */
  redelivered = 0
  readonly #drop: (item: T) => void
  #senders = 1
  #permits = 0
  #unsettled = 0
  #sent = 0
  #received = 0
  #highWaterMark = 0

  /** Starts with one sender and one receiver. `drop` is told of each item that nobody will receive. */
  constructor(capacity: number, drop: (item: T) => void = ignore, holdsTaken = false) {
    this.slots = new Slots(capacity)
    this.#drop = drop
    this.holdsTaken = holdsTaken
  }

  get senders(): number {
    return this.#senders
  }

  /** Items that were accepted and not yet taken. */
  get length(): number {
    this.lender?.expire()
    return this.items.length
  }

  /** Sends now if there is room, nobody waits for it, and somebody can receive. */
  trySend(item: T): boolean {
    if (!this.slots.tryAcquire()) return false
    this.accept(item)
    return true
  }

  /** The same for several: all or none. */
  trySendAll(items: readonly T[]): boolean {
    if (items.length === 0) return true
    if (!this.slots.tryAcquire(items.length)) return false
    for (const item of items) this.accept(item)
    return true
  }

  /** Takes in an item whose slot is held already. Where no sender may be left, {@link endIfOver} follows. */
  accept(item: T): void {
    this.#sent++
    if (this.items.waiting !== 0) {
      this.#received++
      if (this.holdsTaken) this.#unsettled++
      this.items.push(item)
      if (!this.holdsTaken) this.slots.release()
    } else {
      this.items.push(item)
      if (this.items.length > this.#highWaterMark) this.#highWaterMark = this.items.length
    }
  }

  /** Takes the first item. Only when `length` is not 0. */
  take(): T {
    const item = this.items.tryTake() as T
    this.#received++
    if (this.holdsTaken) this.#unsettled++
    else this.slots.release()
    return item
  }

  /** With `holdsTaken`: `count` items that were taken are done with. */
  settle(count: number): void {
    this.#unsettled -= count
    this.slots.release(count)
    this.endIfOver()
  }

  /** With `holdsTaken`: items that were taken come back, in order, before all others. Drops them if nobody can receive. */
  giveBack(items: readonly T[]): void {
    if (this.receivers.count === 0) {
      this.#unsettled -= items.length
      for (const item of items) this.#drop(item)
      return
    }
    // They count as unsettled until they have been handed on, so that the channel does not end meanwhile.
    const handed = this.items.pushFront(items)
    this.#received += handed
    this.#unsettled += handed - items.length
    this.endIfOver()
  }

  /** A slot was given out as a permit. The channel does not end before {@link permitEnded}. */
  permitGiven(): void {
    this.#permits++
  }

  /** The permit was used for an item that has been accepted, or its slot is free again. */
  permitEnded(): void {
    this.#permits--
    this.endIfOver()
  }

  addSender(): void {
    this.#senders++
  }

  removeSender(): void {
    this.#senders--
    this.endIfOver()
  }

  removeReceiver(): void {
    if (!this.receivers.remove()) return
    this.slots.close(noReceiver)
    for (const item of this.items.drain()) this.#drop(item)
  }

  /** To be called when a send that waited, and so kept the channel open, was accepted or gave up. */
  endIfOver(): void {
    if (this.#senders !== 0 || this.#permits !== 0 || this.slots.waiting !== 0 || this.items.isEnded) return
    if (this.holdsTaken && (this.#unsettled !== 0 || this.items.length !== 0)) return
    this.items.end(noSender)
  }

  stats(): ChannelStats {
    return {
      capacity: this.slots.capacity,
      length: this.length,
      highWaterMark: this.#highWaterMark,
      senders: this.#senders,
      receivers: this.receivers.count,
      waitingSenders: this.slots.waiting,
      waitingReceivers: this.items.waiting,
      sent: this.#sent,
      received: this.#received,
      unacknowledged: this.#unsettled,
      redelivered: this.redelivered,
    }
  }
}
