import { RingBuffer } from './ring-buffer.ts'
import type { Waiter } from './waiters.ts'
import { WaiterList } from './waiters.ts'

/** Waits for one item. Each is called at most once, synchronously, after the waiter has left the line. */
export interface ItemWaiter<T> extends Waiter {
  deliver(item: T): void
  ended(error: unknown): void
}

/** Buffered items or waiting receivers, never both; each in order of arrival. */
export class ItemQueue<T> {
  readonly #items = new RingBuffer<T>()
  readonly #line = new WaiterList<ItemWaiter<T>>()
  #end: { readonly error: unknown } | undefined

  get length(): number {
    return this.#items.length
  }

  get waiting(): number {
    return this.#line.length
  }

  /** True once `end` was called: nothing more will come than what is buffered. */
  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** What `end` was called with. */
  get error(): unknown {
    return this.#end?.error
  }

  /** Hands the item to the first who waits, else buffers it. True if somebody took it. */
  push(item: T): boolean {
    const waiter = this.#line.shift()
    if (waiter === undefined) {
      this.#items.pushBack(item)
      return false
    }
    waiter.deliver(item)
    return true
  }

  /** Gives items back, in their order, before all that is buffered; those who wait come first. Says how many were handed on. */
  pushFront(items: readonly T[]): number {
    let handed = 0
    while (handed < items.length && this.#line.length !== 0) {
      const item = items[handed++] as T
      this.#line.shift()?.deliver(item)
    }
    for (let index = items.length - 1; index >= handed; index--) this.#items.pushFront(items[index] as T)
    return handed
  }

  /** The first item. Ask `length` first: undefined can be an item. */
  tryTake(): T | undefined {
    return this.#items.popFront()
  }

  /** Stands in line, or settles at once when there is an item, or when it has ended. */
  park(waiter: ItemWaiter<T>): void {
    if (this.#items.length !== 0) waiter.deliver(this.#items.popFront() as T)
    else if (this.#end !== undefined) waiter.ended(this.#end.error)
    else this.#line.push(waiter)
  }

  /** Leaves the line. False if it did not stand in it. */
  unpark(waiter: ItemWaiter<T>): boolean {
    return this.#line.remove(waiter)
  }

  /** The waiters in order. The one that was yielded last may be removed while iterating. */
  waiters(): Iterable<ItemWaiter<T>> {
    return this.#line
  }

  /** No more items will come: what is buffered can still be taken, then takers get `error`. */
  end(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    for (let waiter = this.#line.shift(); waiter !== undefined; waiter = this.#line.shift()) waiter.ended(error)
  }

  /** Removes and returns all that is buffered. */
  drain(): T[] {
    const items: T[] = []
    while (this.#items.length !== 0) items.push(this.#items.popFront() as T)
    return items
  }
}
