import { type ChannelClosed, ChannelFull } from '../errors.ts'
import { done, failed, type Result } from '../result.ts'
import type { Clock } from './clock.ts'
import { closedSender, noReceiver, refusal } from './closures.ts'
import { timedOut } from './interrupt.ts'
import type { Mpmc, Passing } from './mpmc.ts'
import { SelectedSend, WaitingBatch, WaitingReserve, WaitingSend } from './mpmc-send-waiters.ts'
import type { Pending } from './pending.ts'
import type { ChannelStats, SendPort, SlotPort, WaitOptions } from './ports.ts'
import type { SelectSource } from './select.ts'
import type { SlotWaiter } from './slots.ts'

/** Every send that succeeds at once returns this promise. */
const sent: Promise<void> = Promise.resolve()

/** The sending end of an {@link Mpmc} in this process. */
export class MpmcSendPort<T, Item> implements SendPort<T> {
  readonly #channel: Mpmc<Item>
  readonly #clock: Clock
  readonly #passing: Passing<T, Item>
  #open = true

  /** Takes over one count of the channel's senders. */
  constructor(channel: Mpmc<Item>, clock: Clock, passing: Passing<T, Item>) {
    this.#channel = channel
    this.#clock = clock
    this.#passing = passing
  }

  get capacity(): number {
    return this.#channel.slots.capacity
  }

  get length(): number {
    return this.#channel.length
  }

  get isClosed(): boolean {
    return !this.#open || this.#channel.receivers.count === 0
  }

  send(value: T, options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.#refusal(value))
    try {
      const item = this.#passing.wrap(value)
      if (this.#channel.trySend(item)) return sent
      return this.#park('send', options, new WaitingSend(this.#channel, this.#passing, value, item))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  trySend(value: T): Result<void, ChannelFull | ChannelClosed> {
    if (this.isClosed) return failed(this.#refusal(value))
    const item = this.#passing.wrap(value)
    if (this.#channel.trySend(item)) return done
    this.#passing.drop(item)
    return failed(this.#full(value, 1))
  }

  sendBatch(values: readonly T[], options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.#refusal(values))
    try {
      const items = this.#wrapAll(values)
      if (this.#channel.trySendAll(items)) return sent
      return this.#park('sendBatch', options, new WaitingBatch(this.#channel, this.#passing, values.slice(), items))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  trySendBatch(values: readonly T[]): Result<void, ChannelFull | ChannelClosed> {
    if (this.isClosed) return failed(this.#refusal(values))
    const items = this.#wrapAll(values)
    if (this.#channel.trySendAll(items)) return done
    for (const item of items) this.#passing.drop(item)
    return failed(this.#full(values, values.length))
  }

  reserve(options: WaitOptions | undefined): Promise<SlotPort<T>> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.#refusal())
    const waiter = new WaitingReserve(this.#channel, this.#passing)
    if (!this.#channel.slots.tryAcquire()) return this.#park('reserve', options, waiter)
    waiter.granted()
    return waiter.promise
  }

  sendSource(value: T): SelectSource<Result<void, ChannelClosed>> {
    const channel = this.#channel
    return {
      ready: () => this.isClosed || (channel.slots.available !== 0 && channel.slots.waiting === 0),
      take: () => this.trySend(value) as Result<void, ChannelClosed>,
      park: (win) => {
        const waiter = new SelectedSend(channel, this.#passing, value, this.#passing.wrap(value), win)
        channel.slots.park(waiter)
        return () => waiter.leave()
      },
    }
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#open ? this.#channel.receivers.gone(this, options, this.#clock) : sent
  }

  clone(): MpmcSendPort<T, Item> {
    if (!this.#open) throw this.#refusal()
    this.#channel.addSender()
    return new MpmcSendPort(this.#channel, this.#clock, this.#passing)
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

  /** Nothing could be done at once: gets in line, unless it must not wait. */
  #park<V>(operation: string, options: WaitOptions | undefined, waiter: Pending<V> & SlotWaiter): Promise<V> {
    if (options?.timeout === 0) {
      const error = timedOut(operation, 0)
      waiter.refused(error)
    } else {
      waiter.interruptBy(options, this.#clock, operation)
      this.#channel.slots.park(waiter)
    }
    return waiter.promise
  }

  #wrapAll(values: readonly T[]): Item[] {
    const items: Item[] = []
    try {
      for (const value of values) items.push(this.#passing.wrap(value))
    } catch (error) {
      for (const item of items) this.#passing.drop(item)
      throw error
    }
    return items
  }

  #refusal(value?: unknown): ChannelClosed {
    return refusal(this.#open ? noReceiver : closedSender, value)
  }

  #full(value: unknown, count: number): ChannelFull {
    const { capacity, available } = this.#channel.slots
    return new ChannelFull(`the channel has no room for ${count} more: ${available} of ${capacity} slots are free`, {
      capacity,
      value,
    })
  }
}
