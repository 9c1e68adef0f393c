import { type ChannelClosed, ChannelPartialSend } from '../errors.ts'
import { done, failed, type Result } from '../result.ts'
import { noReceiver, refusal } from './closures.ts'
import type { Mpmc, Passing } from './mpmc.ts'
import { Pending } from './pending.ts'
import type { SlotPort } from './ports.ts'
import type { SlotWaiter } from './slots.ts'
import { Waiter } from './waiters.ts'

/** Leaves the line for slots. The channel may have stayed open for this one alone. */
function leaveLine<Item>(channel: Mpmc<Item>, waiter: SlotWaiter): boolean {
  if (!channel.slots.unpark(waiter)) return false
  channel.endIfOver()
  return true
}

/** A `send` that waits for room. */
export class WaitingSend<T, Item> extends Pending<void> implements SlotWaiter {
  need = 1
  readonly least: number | undefined
  readonly #channel: Mpmc<Item>
  readonly #passing: Passing<T, Item>
  readonly #value: T
  readonly #item: Item

  constructor(channel: Mpmc<Item>, passing: Passing<T, Item>, value: T, item: Item) {
    super()
    this.#channel = channel
    this.#passing = passing
    this.#value = value
    this.#item = item
  }

  granted(): void {
    this.#channel.accept(this.#item)
    this.#channel.endIfOver()
    this.succeed()
  }

  refused(reason: unknown): void {
    this.#passing.drop(this.#item)
    this.fail(refusal(reason, this.#value))
  }

  leave(): void {
    if (leaveLine(this.#channel, this)) this.#passing.drop(this.#item)
  }
}

/** A `sendBatch` that waits for room: for all its slots together if they can be had, else for one after the other. */
export class WaitingBatch<T, Item> extends Pending<void> implements SlotWaiter {
  need: number
  readonly least: number | undefined
  readonly #channel: Mpmc<Item>
  readonly #passing: Passing<T, Item>
  readonly #values: readonly T[]
  readonly #items: readonly Item[]
  #sent = 0

  constructor(channel: Mpmc<Item>, passing: Passing<T, Item>, values: readonly T[], items: readonly Item[]) {
    super()
    this.#channel = channel
    this.#passing = passing
    this.#values = values
    this.#items = items
    this.need = items.length
    this.least = items.length > channel.slots.capacity ? 1 : undefined
  }

  granted(count: number): void {
    const end = this.#sent + count
    while (this.#sent < end) this.#channel.accept(this.#items[this.#sent++] as Item)
    if (this.need !== 0) return
    this.#channel.endIfOver()
    this.succeed()
  }

  refused(reason: unknown): void {
    this.#dropRest()
    this.fail(refusal(reason, this.#values.slice(this.#sent)))
  }

  leave(): void {
    if (leaveLine(this.#channel, this)) this.#dropRest()
  }

  override interrupted(error: unknown): unknown {
    if (this.#sent === 0) return error
    return new ChannelPartialSend({ sent: this.#sent, unsent: this.#values.slice(this.#sent), cause: error })
  }

  #dropRest(): void {
    for (let index = this.#sent; index < this.#items.length; index++) this.#passing.drop(this.#items[index] as Item)
  }
}

/** A `reserve` that waits for a slot. */
export class WaitingReserve<T, Item> extends Pending<SlotPort<T>> implements SlotWaiter {
  need = 1
  readonly least: number | undefined
  readonly #channel: Mpmc<Item>
  readonly #passing: Passing<T, Item>

  constructor(channel: Mpmc<Item>, passing: Passing<T, Item>) {
    super()
    this.#channel = channel
    this.#passing = passing
  }

  granted(): void {
    this.#channel.permitGiven()
    this.succeed(new MpmcSlot(this.#channel, this.#passing))
  }

  refused(reason: unknown): void {
    this.fail(refusal(reason))
  }

  leave(): void {
    leaveLine(this.#channel, this)
  }
}

/** One slot that was given out. It keeps the channel open until it is used or given back. */
class MpmcSlot<T, Item> implements SlotPort<T> {
  readonly #channel: Mpmc<Item>
  readonly #passing: Passing<T, Item>

  constructor(channel: Mpmc<Item>, passing: Passing<T, Item>) {
    this.#channel = channel
    this.#passing = passing
  }

  send(value: T): void {
    const item = this.#passing.wrap(value)
    if (this.#channel.receivers.count === 0) {
      this.#channel.permitEnded()
      this.#passing.drop(item)
      throw refusal(noReceiver, value)
    }
    this.#channel.accept(item)
    this.#channel.permitEnded()
  }

  release(): void {
    this.#channel.slots.release()
    this.#channel.permitEnded()
  }
}

/** A send as one case of a `select`. */
export class SelectedSend<T, Item> extends Waiter implements SlotWaiter {
  need = 1
  readonly least: number | undefined
  readonly #channel: Mpmc<Item>
  readonly #passing: Passing<T, Item>
  readonly #value: T
  readonly #item: Item
  readonly #win: (outcome: Result<void, ChannelClosed>) => void

  constructor(
    channel: Mpmc<Item>,
    passing: Passing<T, Item>,
    value: T,
    item: Item,
    win: (outcome: Result<void, ChannelClosed>) => void,
  ) {
    super()
    this.#channel = channel
    this.#passing = passing
    this.#value = value
    this.#item = item
    this.#win = win
  }

  granted(): void {
    // The other cases leave first: one of them may wait for this very item. With them the channel must not end.
    this.#channel.permitGiven()
    this.#win(done)
    this.#channel.accept(this.#item)
    this.#channel.permitEnded()
  }

  refused(reason: unknown): void {
    this.#passing.drop(this.#item)
    this.#win(failed(refusal(reason, this.#value)))
  }

  leave(): void {
    if (leaveLine(this.#channel, this)) this.#passing.drop(this.#item)
  }
}
