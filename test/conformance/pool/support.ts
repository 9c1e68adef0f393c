import type { Pool, PoolContext, PoolWorkerState } from '@klaw/core'
import { until } from '../../support/until.ts'

interface Waiting<Item> {
  readonly item: Item
  readonly resolve: () => void
}

/** Holds what comes until it is let go, one by one or all at once. */
export class Turnstile<Item> {
  /** Who has come, in order. */
  readonly seen: Item[] = []
  readonly contexts: PoolContext[] = []
  readonly #waiting = new Set<Waiting<Item>>()
  #most = 0
  #isOpen = false

  /** A handler for a pool. */
  readonly pass = async (item: Item, context: PoolContext): Promise<Item> => {
    this.seen.push(item)
    this.contexts.push(context)
    if (this.#isOpen) return item
    await new Promise<void>((resolve) => {
      this.#waiting.add({ item, resolve })
      this.#most = Math.max(this.#most, this.#waiting.size)
    })
    return item
  }

  /** The most that have waited at once. */
  get most(): number {
    return this.#most
  }

  arrived(count: number): Promise<void> {
    return until(() => this.seen.length >= count)
  }

  let(item: Item): void {
    for (const waiting of this.#waiting) if (waiting.item === item) this.#letGo(waiting)
  }

  open(): void {
    this.#isOpen = true
    for (const waiting of this.#waiting) this.#letGo(waiting)
  }

  #letGo(waiting: Waiting<Item>): void {
    this.#waiting.delete(waiting)
    waiting.resolve()
  }
}

/** What the workers do, in the order of their ids. */
export function states(pool: Pool<unknown>): PoolWorkerState[] {
  return pool.workers.map((worker) => worker.state)
}
