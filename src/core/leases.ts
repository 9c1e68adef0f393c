import type { Clock } from './clock.ts'
import type { Mpmc } from './mpmc.ts'
import type { Presenter } from './mpmc-receive-port.ts'
import type { Delivery } from './ports.ts'
import { Waiter, WaiterList } from './waiters.ts'

/** What a channel in acknowledged mode holds of a value. */
export interface Entry<T> {
  readonly value: T
  deliveryCount: number
}

/**
 * Who holds which item of a channel in acknowledged mode, and until when.
 *
 * All get the same time, so that the order of delivery is the order of the deadlines. What is overdue comes back when the
 * next receiver asks; a timer runs only while one waits, so a forgotten delivery does not keep a process alive.
 */
export class Leases<T> implements Presenter<Entry<T>, Delivery<T>> {
  readonly #channel: Mpmc<Entry<T>>
  readonly #clock: Clock
  readonly #timeout: number
  readonly #held = new WaiterList<Lease<T>>()
  #timer: unknown

  /** `timeout` in milliseconds, from a delivery to its deadline. */
  constructor(channel: Mpmc<Entry<T>>, clock: Clock, timeout: number) {
    this.#channel = channel
    this.#clock = clock
    this.#timeout = timeout
    channel.lender = this
  }

  /** Makes a delivery of an item that `owner` took. */
  present(entry: Entry<T>, owner: object): Delivery<T> {
    entry.deliveryCount++
    const lease = new Lease(entry, owner, this.#clock.now() + this.#timeout, this)
    this.#held.push(lease)
    return lease
  }

  acknowledge(lease: Lease<T>): void {
    this.expire()
    if (!this.#held.remove(lease)) return
    this.#channel.settle(1)
    this.followUp()
  }

  refuse(lease: Lease<T>): void {
    this.expire()
    if (!this.#held.remove(lease)) return
    this.#redeliver([lease.entry])
    this.followUp()
  }

  /** Gives back what `owner` holds. */
  returnAll(owner: object): void {
    this.expire()
    const entries: Entry<T>[] = []
    for (const lease of this.#held) {
      if (lease.owner === owner && this.#held.remove(lease)) entries.push(lease.entry)
    }
    this.#redeliver(entries)
    this.followUp()
  }

  /** Gives back what is overdue. */
  expire(): void {
    const first = this.#held.first
    if (first === undefined) return
    const now = this.#clock.now()
    if (first.deadline > now) return
    const entries: Entry<T>[] = []
    for (const lease of this.#held) {
      if (lease.deadline > now) break
      this.#held.remove(lease)
      entries.push(lease.entry)
    }
    this.#redeliver(entries)
  }

  /** Starts or stops the timer. To be called after a receiver has come, was served or has gone. */
  followUp(): void {
    const first = this.#channel.items.waiting === 0 ? undefined : this.#held.first
    if (first === undefined) {
      if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
      this.#timer = undefined
    } else if (this.#timer === undefined && first.deadline !== Number.POSITIVE_INFINITY) {
      this.#timer = this.#clock.setTimer(
        () => {
          this.#timer = undefined
          this.expire()
          this.followUp()
        },
        Math.max(0, first.deadline - this.#clock.now()),
      )
    }
  }

  #redeliver(entries: readonly Entry<T>[]): void {
    if (entries.length === 0) return
    this.#channel.redelivered += entries.length
    this.#channel.giveBack(entries)
  }
}

/** One item in somebody's hands. It stands in the list of those until it is settled. */
class Lease<T> extends Waiter implements Delivery<T> {
  readonly entry: Entry<T>
  readonly owner: object
  readonly deadline: number
  readonly deliveryCount: number
  readonly #leases: Leases<T>

  constructor(entry: Entry<T>, owner: object, deadline: number, leases: Leases<T>) {
    super()
    this.entry = entry
    this.owner = owner
    this.deadline = deadline
    this.deliveryCount = entry.deliveryCount
    this.#leases = leases
  }

  get value(): T {
    return this.entry.value
  }

  ack(): void {
    this.#leases.acknowledge(this)
  }

  nack(): void {
    this.#leases.refuse(this)
  }
}
