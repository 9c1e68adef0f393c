import type { Clock } from './clock.ts'
import { timedOut } from './interrupt.ts'
import { Pending } from './pending.ts'
import type { WaitOptions } from './ports.ts'
import { WaiterList } from './waiters.ts'

/** Counts who holds one side of a channel, and tells those on the other side when nobody is left. */
export class Holders {
  #count: number
  #watchers: WaiterList<Watching> | undefined

  constructor(count: number) {
    this.#count = count
  }

  get count(): number {
    return this.#count
  }

  add(): void {
    this.#count++
  }

  /** True when it was the last. */
  remove(): boolean {
    this.#count--
    if (this.#count !== 0) return false
    for (const watching of this.#watchers ?? []) watching.end()
    return true
  }

  /** Settles when nobody is left, or when `owner`, who asks, stops asking. */
  gone(owner: object, options: WaitOptions | undefined, clock: Clock): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.#count === 0) return Promise.resolve()
    if (options?.timeout === 0) return Promise.reject(timedOut('closed', 0))
    this.#watchers ??= new WaiterList()
    const watching = new Watching(owner, this.#watchers)
    watching.interruptBy(options, clock, 'closed')
    this.#watchers.push(watching)
    return watching.promise
  }

  /** Settles what `owner` asked for. */
  stopAsking(owner: object): void {
    for (const watching of this.#watchers ?? []) if (watching.owner === owner) watching.end()
  }
}

class Watching extends Pending<void> {
  readonly owner: object
  readonly #list: WaiterList<Watching>

  constructor(owner: object, list: WaiterList<Watching>) {
    super()
    this.owner = owner
    this.#list = list
  }

  end(): void {
    this.leave()
    this.succeed()
  }

  leave(): void {
    this.#list.remove(this)
  }
}
