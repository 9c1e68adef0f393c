import { ObjectStoreFullError } from '../../errors.ts'

/** How the threads of a runtime count what the object store holds: one number for all, one for each thread. */
export interface MemoryCounters {
  /** Bytes that the store may hold. */
  readonly limit: number
  /** Eight bytes, shared by all threads: what is held. */
  readonly total: SharedArrayBuffer
  /** Eight bytes, shared by one thread and the hub: what goes with the thread when it ends. */
  readonly own: SharedArrayBuffer
}

/** Takes bytes off the count of all threads, and wakes those who wait for room. */
export function giveRoomBack(total: BigInt64Array, bytes: number): void {
  Atomics.sub(total, 0, BigInt(bytes))
  Atomics.notify(total, 0)
}

/** A thread's account with the object store. */
export class ObjectMemory {
  readonly limit: number
  readonly #total: BigInt64Array
  readonly #own: BigInt64Array

  constructor(counters: MemoryCounters) {
    this.limit = counters.limit
    this.#total = new BigInt64Array(counters.total)
    this.#own = new BigInt64Array(counters.own)
  }

  /** Bytes held by all threads. */
  get used(): number {
    return Number(Atomics.load(this.#total, 0))
  }

  /** Takes room for `bytes`, or none at all. */
  tryReserve(bytes: number): boolean {
    const amount = BigInt(bytes)
    if (Number(Atomics.add(this.#total, 0, amount)) + bytes > this.limit) {
      Atomics.sub(this.#total, 0, amount)
      return false
    }
    Atomics.add(this.#own, 0, amount)
    return true
  }

  /** Stops this thread until there is room, at most for some milliseconds. Returns false when there is none. */
  reserveWithin(bytes: number, milliseconds: number): boolean {
    const end = performance.now() + milliseconds
    for (;;) {
      const seen = Atomics.load(this.#total, 0)
      if (this.tryReserve(bytes)) return true
      const left = end - performance.now()
      if (left <= 0 || Atomics.wait(this.#total, 0, seen, left) === 'timed-out') return false
    }
  }

  /** Gives room back. */
  release(bytes: number): void {
    Atomics.sub(this.#own, 0, BigInt(bytes))
    giveRoomBack(this.#total, bytes)
  }

  full(bytes: number): ObjectStoreFullError {
    return new ObjectStoreFullError(
      `the object store has no room for ${bytes} bytes: it holds ${this.used} of at most ${this.limit} bytes (objectStoreMemory)`,
    )
  }
}
