import type { Item } from './item.ts'
import type { ReceiverEnd } from './receiver-end.ts'

/** The longest that a timer of the platform can run. */
const longestTimer = 2 ** 31 - 1

interface Entry {
  readonly item: Item
  readonly deadline: number
}

/** Items that were taken in acknowledged mode and neither acknowledged nor refused, with their deadlines. */
export class Unacknowledged {
  readonly #timeout: number
  readonly #expired: (items: Item[]) => void
  /** In order of delivery, so that each map's first entry expires first. */
  readonly #byEnd = new Map<ReceiverEnd, Map<number, Entry>>()
  #size = 0
  #timer: NodeJS.Timeout | undefined

  constructor(timeout: number, expired: (items: Item[]) => void) {
    this.#timeout = timeout
    this.#expired = expired
  }

  get size(): number {
    return this.#size
  }

  add(end: ReceiverEnd, sequence: number, item: Item): void {
    let entries = this.#byEnd.get(end)
    if (entries === undefined) {
      entries = new Map()
      this.#byEnd.set(end, entries)
    }
    entries.set(sequence, { item, deadline: performance.now() + this.#timeout })
    this.#size++
    this.#arm(this.#timeout)
  }

  remove(end: ReceiverEnd, sequence: number): Item | undefined {
    const entries = this.#byEnd.get(end)
    const entry = entries?.get(sequence)
    if (entries === undefined || entry === undefined) return undefined
    entries.delete(sequence)
    this.#size--
    if (this.#size === 0) this.stop()
    return entry.item
  }

  /** All of an end's, in order of delivery. */
  removeAll(end: ReceiverEnd): Item[] {
    const entries = this.#byEnd.get(end)
    if (entries === undefined) return []
    this.#byEnd.delete(end)
    this.#size -= entries.size
    if (this.#size === 0) this.stop()
    return [...entries.values()].map((entry) => entry.item)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(time: number): void {
    if (this.#timer !== undefined || time === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#expire(), Math.min(Math.max(1, time), longestTimer))
  }

  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    const items: Item[] = []
    let next = Number.POSITIVE_INFINITY
    for (const entries of this.#byEnd.values()) {
      for (const [sequence, entry] of entries) {
        if (entry.deadline > now + 1) {
          next = Math.min(next, entry.deadline)
          break
        }
        entries.delete(sequence)
        this.#size--
        items.push(entry.item)
      }
    }
    this.#arm(next - now)
    if (items.length > 0) this.#expired(items)
  }
}
