import { RingBuffer } from '../core/ring-buffer.ts'

/** How to bring the rest of an item here. */
export interface Completion<Item> {
  /** Bytes. */
  readonly size: number
  /** Never rejects: what it fails with is an item too. */
  complete(signal: AbortSignal): Promise<Item>
}

interface Entry<Item> {
  readonly item: Item
  /** Undefined: it is complete, and stands behind one that is not. */
  readonly completion: Completion<Item> | undefined
  completed: Item | undefined
  controller: AbortController | undefined
}

/** Those behind the first and the second are fetched too while all together have no more bytes than that. */
const mostAhead = 8 * 1024 * 1024

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

  add(item: Item, completion: Completion<Item> | undefined): void {
    const completed = completion === undefined ? item : undefined
    this.#entries.pushBack({ item, completion, completed, controller: undefined })
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
    let size = 0
    for (let index = 0; index < this.#entries.length; index++) {
      const entry = this.#entries.at(index) as Entry<Item>
      if (entry.completion === undefined) continue
      size += entry.completion.size
      if (index > 1 && size > mostAhead) return
      if (entry.controller !== undefined) continue
      entry.controller = new AbortController()
      const { signal } = entry.controller
      void entry.completion.complete(signal).then((completed) => {
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
