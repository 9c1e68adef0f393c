const SMALLEST = 8
/** Up to this many cells are kept for the next burst. */
const KEPT = 64
const NO_CELLS: readonly never[] = Object.freeze([])

/** A queue in a circular array. It doubles when full, halves when three quarters stand empty, and forgets what it popped. */
export class RingBuffer<T> {
  // The length is 0 or a power of two, so that an index wraps with a mask.
  #cells: (T | undefined)[] = NO_CELLS as unknown as (T | undefined)[]
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  pushBack(value: T): void {
    if (this.#length === this.#cells.length) this.#resize(this.#length * 2)
    this.#cells[(this.#head + this.#length) & (this.#cells.length - 1)] = value
    this.#length++
  }

  pushFront(value: T): void {
    if (this.#length === this.#cells.length) this.#resize(this.#length * 2)
    this.#head = (this.#head - 1) & (this.#cells.length - 1)
    this.#cells[this.#head] = value
    this.#length++
  }

  /** Undefined when empty; ask `length` first where undefined is a value. */
  popFront(): T | undefined {
    if (this.#length === 0) return undefined
    const cells = this.#cells
    const value = cells[this.#head]
    cells[this.#head] = undefined
    this.#head = (this.#head + 1) & (cells.length - 1)
    this.#length--
    if (cells.length > KEPT && this.#length < cells.length >> 2) this.#resize(cells.length >> 1)
    return value
  }

  /** The value at `index` from the front, undefined outside. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    return this.#cells[(this.#head + index) & (this.#cells.length - 1)]
  }

  clear(): void {
    this.#cells = NO_CELLS as unknown as (T | undefined)[]
    this.#head = 0
    this.#length = 0
  }

  #resize(size: number): void {
    const old = this.#cells
    const length = this.#length
    const cells = new Array<T | undefined>(Math.max(size, SMALLEST))
    for (let index = 0; index < length; index++) cells[index] = old[(this.#head + index) & (old.length - 1)]
    this.#cells = cells
    this.#head = 0
  }
}
