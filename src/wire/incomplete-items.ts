import { RingBuffer } from '../core/ring-buffer.ts'

/** Brings the rest of an item here. */
export type Completion<Item> = (signal: AbortSignal) => Promise<Item>

interface Entry<Item> {
  readonly item: Item
  /** Undefined: it is complete, and stands behind one that is not. */
  readonly complete: Completion<Item> | undefined
  completed: Item | undefined
  controller: AbortController | undefined
}

/** Those of which the rest is fetched at a time: one, and the next one. */
const ahead = 2

/** Items of which a part is elsewhere, and everything behind them, in order. */
export class IncompleteItems<Item> {
  readonly #entries = new RingBuffer<Entry<Item>>()
  readonly #emit: (item: Item) => void
  readonly #emptied: () => void

  /** `emit` gets each item in its turn; `emptied` is called when none is left. */
  constructor(emit: (item: Item) => void, emptied: () => void) {
    this.#emit = emit
    this.#emptied = emptied
  }

  get length(): number {
    return this.#entries.length
  }

  /** A completion must not reject: what it failed with is an item too. */
  add(item: Item, complete: Completion<Item> | undefined): void {
    const completed = complete === undefined ? item : undefined
    this.#entries.pushBack({ item, complete, completed, controller: undefined })
    this.#begin()
  }

  /** Removes and returns all of them, as they came; what is being fetched is not wanted any more. */
  takeBack(): Item[] {
    const items: Item[] = []
    for (let entry = this.#entries.popFront(); entry !== undefined; entry = this.#entries.popFront()) {
      entry.controller?.abort()
      items.push(entry.item)
    }
    return items
  }

  #begin(): void {
    const count = Math.min(ahead, this.#entries.length)
    for (let index = 0; index < count; index++) {
      const entry = this.#entries.at(index) as Entry<Item>
      if (entry.complete === undefined || entry.controller !== undefined) continue
      entry.controller = new AbortController()
      const { signal } = entry.controller
      void entry.complete(signal).then((completed) => {
        if (signal.aborted) return
        entry.completed = completed
        this.#advance()
      })
    }
  }

  #advance(): void {
    for (let first = this.#entries.at(0); first?.completed !== undefined; first = this.#entries.at(0)) {
      this.#entries.popFront()
      this.#emit(first.completed)
    }
    if (this.#entries.length === 0) this.#emptied()
    else this.#begin()
  }
}
