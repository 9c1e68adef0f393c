import { type ChannelClosed, ChannelEmpty } from '../errors.ts'
import { failed, type Result, success } from '../result.ts'
import type { Clock } from './clock.ts'
import { closedReceiver, refusal } from './closures.ts'
import { timedOut } from './interrupt.ts'
import type { ItemWaiter } from './item-queue.ts'
import type { Mpmc } from './mpmc.ts'
import { Pending } from './pending.ts'
import type { ChannelStats, ReceivePort, WaitOptions } from './ports.ts'
import type { SelectSource } from './select.ts'
import { Waiter } from './waiters.ts'

/** Takes items as they are. */
export function asIs<Item>(): Presenter<Item, Item> {
  return plain
}

const plain: Presenter<never, never> & Presenter<unknown, unknown> = { present: (item: never) => item }

/** How a port presents what it takes: as it is, or as a delivery that must be acknowledged. */
export interface Presenter<Item, Message> {
  present(item: Item, owner: object): Message
  /** A receiver has come, was served or has gone. */
  followUp?(): void
  /** `owner` has closed: what it holds goes to others. */
  returnAll?(owner: object): void
}

/** The receiving end of an {@link Mpmc} in this process. */
export class MpmcReceivePort<Item, Message> implements ReceivePort<Message> {
  readonly #channel: Mpmc<Item>
  readonly #clock: Clock
  readonly #presenter: Presenter<Item, Message>
  #open = true

  /** Takes over one count of the channel's receivers. */
  constructor(channel: Mpmc<Item>, clock: Clock, presenter: Presenter<Item, Message>) {
    this.#channel = channel
    this.#clock = clock
    this.#presenter = presenter
  }

  get capacity(): number {
    return this.#channel.slots.capacity
  }

  get length(): number {
    return this.#channel.length
  }

  get acknowledged(): boolean {
    return this.#channel.lender !== undefined
  }

  get isClosed(): boolean {
    return !this.#open || (this.#channel.length === 0 && this.#channel.items.isEnded)
  }

  recv(options: WaitOptions | undefined): Promise<Message> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.#hasItem()) return Promise.resolve(this.#take())
    if (this.isClosed) return Promise.reject(this.#refusal())
    if (options?.timeout === 0) return Promise.reject(timedOut('recv', 0))
    const waiter = new WaitingRecv<Item, Message>(this)
    waiter.interruptBy(options, this.#clock, 'recv')
    this.park(waiter)
    return waiter.promise
  }

  tryRecv(): Result<Message, ChannelEmpty | ChannelClosed> {
    if (this.#hasItem()) return success(this.#take())
    return failed(this.isClosed ? this.#refusal() : new ChannelEmpty())
  }

  takeUpTo(max: number): Message[] {
    const messages: Message[] = []
    while (messages.length < max && this.#hasItem()) messages.push(this.#take())
    if (messages.length === 0 && this.isClosed) throw this.#refusal()
    return messages
  }

  recvSource(): SelectSource<Result<Message, ChannelClosed>> {
    let waiter: SelectedRecv<Item, Message> | undefined
    let leave = nobody
    return {
      ready: () => this.#hasItem() || this.isClosed,
      take: () => (this.#hasItem() ? success(this.#take()) : failed(this.#refusal())),
      park: (win) => {
        // An iteration waits again and again, by one waiter.
        if (waiter === undefined || waiter.list !== undefined) {
          const own = new SelectedRecv<Item, Message>(this)
          waiter = own
          leave = () => this.unpark(own)
        }
        waiter.win = win
        this.park(waiter)
        return leave
      },
    }
  }

  clone(): MpmcReceivePort<Item, Message> {
    if (!this.#open) throw this.#refusal()
    this.#channel.receivers.add()
    return new MpmcReceivePort(this.#channel, this.#clock, this.#presenter)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const { items } = this.#channel
    // A select that ends takes its other cases out of the line too.
    for (const waiter of [...items.waiters()] as OwnedWaiter<Item>[]) {
      if (waiter.owner === this && items.unpark(waiter)) waiter.ended(closedReceiver)
    }
    this.#channel.removeReceiver()
    this.#presenter.returnAll?.(this)
  }

  stats(): ChannelStats {
    return this.#channel.stats()
  }

  /** @internal */
  park(waiter: OwnedWaiter<Item>): void {
    if (this.#hasItem()) waiter.deliver(this.#channel.take())
    else this.#channel.items.park(waiter)
    this.#presenter.followUp?.()
  }

  /** @internal */
  unpark(waiter: OwnedWaiter<Item>): void {
    this.#channel.items.unpark(waiter)
    this.#presenter.followUp?.()
  }

  /** @internal What was delivered to a waiter of this port. */
  present(item: Item): Message {
    const message = this.#presenter.present(item, this)
    this.#presenter.followUp?.()
    return message
  }

  #hasItem(): boolean {
    return this.#open && this.#channel.length !== 0
  }

  #take(): Message {
    return this.#presenter.present(this.#channel.take(), this)
  }

  #refusal(): ChannelClosed {
    return refusal(this.#open ? this.#channel.items.error : closedReceiver)
  }
}

/** An item waiter that knows through which port it came. */
interface OwnedWaiter<Item> extends ItemWaiter<Item> {
  readonly owner: object
}

/** A `recv` that waits for an item. */
class WaitingRecv<Item, Message> extends Pending<Message> implements OwnedWaiter<Item> {
  readonly owner: MpmcReceivePort<Item, Message>

  constructor(owner: MpmcReceivePort<Item, Message>) {
    super()
    this.owner = owner
  }

  deliver(item: Item): void {
    this.succeed(this.owner.present(item))
  }

  ended(reason: unknown): void {
    this.fail(refusal(reason))
  }

  leave(): void {
    this.owner.unpark(this)
  }
}

const nobody = () => {}

/** A receive as one case of a `select`, or the next step of an iteration. */
class SelectedRecv<Item, Message> extends Waiter implements OwnedWaiter<Item> {
  readonly owner: MpmcReceivePort<Item, Message>
  win: (outcome: Result<Message, ChannelClosed>) => void = nobody

  constructor(owner: MpmcReceivePort<Item, Message>) {
    super()
    this.owner = owner
  }

  deliver(item: Item): void {
    this.win(success(this.owner.present(item)))
  }

  ended(reason: unknown): void {
    this.win(failed(refusal(reason)))
  }
}
