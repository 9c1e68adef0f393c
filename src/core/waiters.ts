/** Something that can stand in one {@link WaiterList} at a time. The links are the list's own business. */
export class Waiter {
  /** The list that it stands in, or undefined when it does not wait. */
  list: object | undefined
  previous: Waiter | undefined
  next: Waiter | undefined
}

/**
 * An intrusive doubly linked list of those who wait, in order of arrival.
 *
 * Whoever stands in it is live: it is removed, in O(1), by whoever settles or cancels it, before anything else runs.
 * So the list holds nothing that has been settled, and it never has to be swept.
 */
export class WaiterList<W extends Waiter> {
  #first: Waiter | undefined
  #last: Waiter | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): W | undefined {
    return this.#first as W | undefined
  }

  push(waiter: W): void {
    if (waiter.list !== undefined) throw new Error('a waiter can stand in one list at a time')
    const last = this.#last
    waiter.list = this
    waiter.previous = last
    if (last === undefined) this.#first = waiter
    else last.next = waiter
    this.#last = waiter
    this.#length++
  }

  shift(): W | undefined {
    const first = this.#first
    if (first !== undefined) this.remove(first as W)
    return first as W | undefined
  }

  /** Takes the waiter out. Returns false, and does nothing, when it does not stand in this list. */
  remove(waiter: W): boolean {
    if (waiter.list !== this) return false
    const { previous, next } = waiter
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    waiter.list = undefined
    waiter.previous = undefined
    waiter.next = undefined
    this.#length--
    return true
  }

  /** The waiters in order. The one that was yielded last may be removed while iterating. */
  *[Symbol.iterator](): IterableIterator<W> {
    let waiter = this.#first
    while (waiter !== undefined) {
      const next: Waiter | undefined = waiter.next
      yield waiter as W
      waiter = next
    }
  }
}
