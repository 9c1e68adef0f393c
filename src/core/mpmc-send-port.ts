import { ChannelClosed, ChannelFull } from '../errors.ts'
import { done, failed, type Result } from '../result.ts'
import type { Clock } from './clock.ts'
import { timedOut } from './interrupt.ts'
import type { Mpmc } from './mpmc.ts'
import { SelectedSend, WaitingBatch, WaitingReserve, WaitingSend } from './mpmc-send-waiters.ts'
import type { ChannelStats, SendPort, SlotPort, WaitOptions } from './ports.ts'
import type { SelectSource } from './select.ts'

/** Every send that succeeds at once returns this promise. */
const sent: Promise<void> = Promise.resolve()

/** The sending end of an {@link Mpmc} in this process. */
export class MpmcSendPort<T, Item> implements SendPort<T> {
  readonly #channel: Mpmc<Item>
  readonly #clock: Clock
  readonly #item: (value: T) => Item
  #open = true

  /** Takes over one count of the channel's senders. `item` makes what the channel holds of a value. */
  constructor(channel: Mpmc<Item>, clock: Clock, item: (value: T) => Item) {
    this.#channel = channel
    this.#clock = clock
    this.#item = item
  }

  get capacity(): number {
    return this.#channel.slots.capacity
  }

  get length(): number {
    return this.#channel.items.length
  }

  get isClosed(): boolean {
    return !this.#open || this.#channel.receivers.count === 0
  }

  send(value: T, options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.#open && this.#channel.trySend(this.#item(value))) return sent
    if (this.isClosed) return Promise.reject(this.#refusal(value))
    if (options?.timeout === 0) return Promise.reject(timedOut('send', 0))
    const waiter = new WaitingSend(this.#channel, value, this.#item(value))
    waiter.interruptBy(options, this.#clock, 'send')
    this.#channel.slots.park(waiter)
    return waiter.promise
  }

  trySend(value: T): Result<void, ChannelFull | ChannelClosed> {
    if (this.#open && this.#channel.trySend(this.#item(value))) return done
    return failed(this.isClosed ? this.#refusal(value) : this.#full(value, 1))
  }

  sendBatch(values: readonly T[], options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.#trySendAll(values)) return sent
    if (this.isClosed) return Promise.reject(this.#refusal(values))
    if (options?.timeout === 0) return Promise.reject(timedOut('sendBatch', 0))
    const waiter = new WaitingBatch(this.#channel, values.slice(), values.map(this.#item))
    waiter.interruptBy(options, this.#clock, 'sendBatch')
    this.#channel.slots.park(waiter)
    return waiter.promise
  }

  trySendBatch(values: readonly T[]): Result<void, ChannelFull | ChannelClosed> {
    if (this.#trySendAll(values)) return done
    return failed(this.isClosed ? this.#refusal(values) : this.#full(values, values.length))
  }

  reserve(options: WaitOptions | undefined): Promise<SlotPort<T>> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.#refusal(undefined))
    const waiter = new WaitingReserve(this.#channel, this.#item)
    if (this.#channel.slots.tryAcquire()) waiter.granted()
    else if (options?.timeout === 0) return Promise.reject(timedOut('reserve', 0))
    else {
      waiter.interruptBy(options, this.#clock, 'reserve')
      this.#channel.slots.park(waiter)
    }
    return waiter.promise
  }

  sendSource(value: T): SelectSource<Result<void, ChannelClosed>> {
    const channel = this.#channel
    const item = this.#item(value)
    return {
      ready: () => this.isClosed || (channel.slots.available !== 0 && channel.slots.waiting === 0),
      take: () => (this.#open && channel.trySend(item) ? done : failed(this.#refusal(value))),
      park: (win) => {
        const waiter = new SelectedSend(channel, value, item, win)
        channel.slots.park(waiter)
        return () => waiter.leave()
      },
    }
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#open ? this.#channel.receivers.gone(this, options, this.#clock) : sent
  }

  clone(): MpmcSendPort<T, Item> {
    if (!this.#open) throw this.#refusal(undefined)
    this.#channel.addSender()
    return new MpmcSendPort(this.#channel, this.#clock, this.#item)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#channel.receivers.stopAsking(this)
    this.#channel.removeSender()
  }

  stats(): ChannelStats {
    return this.#channel.stats()
  }

  #trySendAll(values: readonly T[]): boolean {
    if (!this.#open || this.#channel.receivers.count === 0) return false
    if (values.length === 0) return true
    if (!this.#channel.slots.tryAcquire(values.length)) return false
    for (const value of values) this.#channel.accept(this.#item(value))
    return true
  }

  #refusal(value: unknown): ChannelClosed {
    return new ChannelClosed(this.#open ? 'the channel is closed: no receiver is left' : 'this sender is closed', {
      value,
    })
  }

  #full(value: unknown, count: number): ChannelFull {
    const { capacity, available } = this.#channel.slots
    return new ChannelFull(`the channel has no room for ${count} more: ${available} of ${capacity} slots are free`, {
      capacity,
      value,
    })
  }
}
