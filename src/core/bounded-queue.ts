import { RingBuffer } from './ring-buffer.ts'
import { type Waiter, WaiterList } from './waiters.ts'

/** Waits to put an item into a queue, or to get one out of it. Told once, synchronously, after it has left the line. */
export interface QueueWaiter<T> extends Waiter {
  /** A put: the item is in. A get: this is the item. */
  succeeded(item: T): void
}

/** Waits for room. */
export interface PutWaiter<T> extends QueueWaiter<T> {
  readonly item: T
}

/**
 * A first-in first-out queue with a largest size, and those who wait at both of its ends, each in order of arrival.
 *
 * Unlike a channel it is never closed, and its room is what is left beside the items in it: an item that was got leaves its room at once,
 * and one that comes back may make the queue larger than its largest size for a while.
 */
export class BoundedQueue<T> {
  /** Infinity: without limit. */
  readonly maxsize: number
  readonly #items = new RingBuffer<T>()
  readonly #puts = new WaiterList<PutWaiter<T>>()
  readonly #gets = new WaiterList<QueueWaiter<T>>()

  constructor(maxsize: number) {
    this.maxsize = maxsize
  }

  get size(): number {
    return this.#items.length
  }

  get isFull(): boolean {
    return this.#items.length >= this.maxsize
  }

  get waitingPuts(): number {
    return this.#puts.length
  }

  get waitingGets(): number {
    return this.#gets.length
  }

  /** Puts all the items in, if there is room for all of them now and nobody waits for it. */
  tryPut(items: readonly T[]): boolean {
    if (items.length === 0) return true
    if (this.#puts.length > 0 || this.#items.length + items.length - this.#gets.length > this.maxsize) return false
    for (const item of items) this.#accept(item)
    return true
  }

  /** Waits for room behind those who wait already. */
  parkPut(waiter: PutWaiter<T>): void {
    if (this.#puts.length > 0 || !this.tryPut([waiter.item])) this.#puts.push(waiter)
    else waiter.succeeded(waiter.item)
  }

  /** The first `count` items, or undefined, and nothing is taken, when there are not as many. */
  tryGet(count: number): T[] | undefined {
    if (this.#items.length < count) return undefined
    const items: T[] = []
    while (items.length < count) items.push(this.#items.popFront() as T)
    this.#refill()
    return items
  }

  /** Waits for an item behind those who wait already. */
  parkGet(waiter: QueueWaiter<T>): void {
    const items = this.tryGet(1)
    if (items === undefined) this.#gets.push(waiter)
    else waiter.succeeded(items[0] as T)
  }

  /** Stops waiting. Returns false when the waiter does not wait. */
  leave(waiter: QueueWaiter<T>): boolean {
    return this.#gets.remove(waiter) || this.#puts.remove(waiter as PutWaiter<T>)
  }

  /** Items that were got come back, in their order, before all others. */
  giveBack(items: readonly T[]): void {
    let handed = 0
    for (let waiter: QueueWaiter<T> | undefined; handed < items.length; handed++) {
      waiter = this.#gets.shift()
      if (waiter === undefined) break
      waiter.succeeded(items[handed] as T)
    }
    for (let index = items.length - 1; index >= handed; index--) this.#items.pushFront(items[index] as T)
  }

  #accept(item: T): void {
    const waiter = this.#gets.shift()
    if (waiter === undefined) this.#items.pushBack(item)
    else waiter.succeeded(item)
  }

  #refill(): void {
    while (this.#items.length < this.maxsize) {
      const waiter = this.#puts.shift()
      if (waiter === undefined) return
      this.#accept(waiter.item)
      waiter.succeeded(waiter.item)
    }
  }
}
