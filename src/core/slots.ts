import type { Waiter } from './waiters.ts'
import { WaiterList } from './waiters.ts'

/** Waits for slots. `granted` and `refused` are called synchronously, after the waiter has left the line. */
export interface SlotWaiter extends Waiter {
  /** How many slots it still waits for. Slots that it was granted are subtracted before `granted` is called. */
  need: number
  /** The fewest that it takes at once; it keeps its place until it has all. Absent: all of `need` together. */
  readonly least?: number | undefined
  /** `count` slots belong to the waiter now. It is still in line if `need` is not 0. */
  granted(count: number): void
  refused(error: unknown): void
}

/**
 * A counting semaphore over a channel's capacity, served in order of arrival.
 *
 * Nobody barges: while someone waits, a free slot belongs to the first in line, even if it needs more than there are.
 *
 * Source of the semantics: tokio's `batch_semaphore`.
 */
export class Slots {
  readonly capacity: number
  #available: number
  readonly #line = new WaiterList<SlotWaiter>()
  #wanted = 0
  #granting = false
  #closed: { readonly error: unknown } | undefined

  /** `available` differs from `capacity` where slots arrive from elsewhere, as the credits of a stream do. */
  constructor(capacity: number, available: number = capacity) {
    this.capacity = capacity
    this.#available = available
  }

  get available(): number {
    return this.#available
  }

  get waiting(): number {
    return this.#line.length
  }

  /** The slots that all in line still need. A waiter in line may only change its `need` through {@link rethink}. */
  get wanted(): number {
    return this.#wanted
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** Takes `count` slots now, or none: none are there, others wait, or it is closed. */
  tryAcquire(count = 1): boolean {
    if (this.#available < count || this.#line.length !== 0 || this.#closed !== undefined) return false
    this.#available -= count
    return true
  }

  /** Takes as many as there are, at most `count`, and says how many. 0 while others wait. */
  tryAcquireUpTo(count: number): number {
    if (this.#line.length !== 0 || this.#closed !== undefined) return 0
    return this.takeBackUpTo(count)
  }

  /**
   * Stands in line. What can be granted at once is granted before this returns; a closed `Slots` refuses at once.
   */
  park(waiter: SlotWaiter): void {
    if (this.#closed !== undefined) {
      waiter.refused(this.#closed.error)
      return
    }
    this.#line.push(waiter)
    this.#wanted += waiter.need
    if (this.#line.length === 1) this.#grant()
  }

  /** A waiter in line needs another number of slots from now on, at least 1. */
  rethink(waiter: SlotWaiter, need: number): void {
    const shrinks = need < waiter.need
    this.#wanted += need - waiter.need
    waiter.need = need
    if (shrinks) this.#grant()
  }

  /** Leaves the line, keeping what was granted so far. False if it did not stand in it. */
  unpark(waiter: SlotWaiter): boolean {
    const wasFirst = this.#line.first === waiter
    if (!this.#line.remove(waiter)) return false
    this.#wanted -= waiter.need
    // It may have stood before others who need less.
    if (wasFirst) this.#grant()
    return true
  }

  /** Gives slots back, or adds new ones where slots arrive from elsewhere, and serves those who wait. */
  release(count = 1): void {
    this.#available += count
    if (this.#line.length !== 0) this.#grant()
  }

  /** Removes free slots, at most `count`, even while someone waits for more of them. Says how many. */
  takeBackUpTo(count: number): number {
    const taken = Math.min(count, this.#available)
    this.#available -= taken
    return taken
  }

  /** Refuses everybody in line, and everybody who comes later. */
  close(error: unknown): void {
    if (this.#closed !== undefined) return
    this.#closed = { error }
    this.#wanted = 0
    for (let waiter = this.#line.shift(); waiter !== undefined; waiter = this.#line.shift()) waiter.refused(error)
  }

  #grant(): void {
    // `granted` may free slots again. The loop that is running serves them too, so the stack does not grow with the line.
    // Once closed nobody is granted anything: while all are refused, one may take others out of the line.
    if (this.#granting || this.#closed !== undefined) return
    this.#granting = true
    try {
      for (let first = this.#line.first; first !== undefined; first = this.#line.first) {
        if (this.#available < (first.least ?? first.need)) break
        const count = Math.min(first.need, this.#available)
        this.#available -= count
        first.need -= count
        this.#wanted -= count
        if (first.need === 0) this.#line.shift()
        first.granted(count)
      }
    } finally {
      this.#granting = false
    }
  }
}
