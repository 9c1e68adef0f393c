import type { ByteWriter } from '../../../codec/byte-writer.ts'
import { Mpmc } from '../../../core/mpmc.ts'
import type { ChannelStats } from '../../../core/ports.ts'
import type { Slots } from '../../../core/slots.ts'
import type { Connection } from '../../../wire/connection.ts'
import type { FrameReader } from '../../../wire/frame.ts'
import type { Token } from '../../../wire/token.ts'
import { CreditRecall } from './credit-recall.ts'
import type { Item } from './item.ts'
import { ItemRecall } from './item-recall.ts'
import { readItems } from './read-items.ts'
import { ReceiverEnd, type ReceivingSide } from './receiver-end.ts'
import { SenderEnd, type SendingSide } from './sender-end.ts'
import { Unacknowledged } from './unacknowledged.ts'

/** From this capacity on, a few slots more or less make no difference to anybody. */
const largeCapacity = 1024

/** What a channel needs from whoever keeps it. */
export interface ChannelKeeper {
  /** Handles inside items that are done with, or dropped. */
  releaseTokens(tokens: readonly Token[]): void
  /** The number of holders fell to none. */
  unused(): void
  /** Writes an `ended` frame for `stream`. */
  writeEnded(out: ByteWriter, stream: number, error: Error | undefined): void
}

export interface MpmcOptions {
  readonly capacity: number
  readonly ack: boolean
  /** Milliseconds. */
  readonly ackTimeout: number
  /** The channel stays open to senders while nobody receives. */
  readonly detached: boolean
}

/**
 * A channel that many send to and many receive from, in the hub.
 *
 * The same state machine as in process. What was delivered to an end holds its slot until the end has taken it (acknowledged
 * it, where that is asked for), and comes back when the end closes before.
 */
export class MpmcChannel implements SendingSide, ReceivingSide {
  readonly counted: boolean
  readonly #mpmc: Mpmc<Item>
  readonly #capacity: number
  readonly #keeper: ChannelKeeper
  readonly #senders = new Set<SenderEnd>()
  readonly #receivers = new Set<ReceiverEnd>()
  readonly #credits: CreditRecall
  readonly #items: ItemRecall
  readonly #unacknowledged: Unacknowledged | undefined
  /** Ends and tokens; the two that the state machine starts with belong to the first two ends. */
  #senderHolds = 0
  #receiverHolds = 0
  #hasSenders = false
  #hasReceivers = false
  #accepted = 0
  #received = 0
  #highWaterMark = 0
  #over = false

  constructor(options: MpmcOptions, keeper: ChannelKeeper) {
    this.#capacity = options.capacity
    this.#keeper = keeper
    this.counted = options.ack
    this.#mpmc = new Mpmc<Item>(options.capacity, (item) => this.#forget(item), true)
    // A detached channel counts as a receiver of its own: what was sent stays for those who come later.
    if (options.detached) this.#mpmc.receivers.add()
    this.#credits = new CreditRecall(this.#mpmc.slots, this.#senders)
    this.#items = new ItemRecall(this.#mpmc.items, this.#receivers)
    if (options.ack) {
      this.#unacknowledged = new Unacknowledged(options.ackTimeout, (items) => {
        this.#mpmc.redelivered += items.length
        this.#giveBack(items)
      })
    }
  }

  get slots(): Slots {
    return this.#mpmc.slots
  }

  get allowance(): number {
    const share = this.#capacity < largeCapacity ? 4 : 2
    return Math.floor(this.#capacity / (share * Math.max(1, this.#senders.size)))
  }

  get hasMore(): boolean {
    return this.#mpmc.items.length > 0
  }

  get chunk(): number {
    return this.#capacity >= largeCapacity ? 64 : 1
  }

  /** Closed and drained, or deleted: whoever opens it next gets a new one. */
  get isOver(): boolean {
    return this.#over
  }

  get isHeld(): boolean {
    return this.#senderHolds + this.#receiverHolds > 0
  }

  holdSender(): void {
    this.#senderHolds++
    // One that comes back before the channel has been drained revives it.
    if (this.#hasSenders) this.#mpmc.addSender()
    this.#hasSenders = true
  }

  releaseSender(): void {
    if (--this.#senderHolds > 0) {
      this.#mpmc.removeSender()
    } else {
      this.#mpmc.removeSender()
      this.#tellIfOver()
    }
    this.#tellIfUnused()
  }

  holdReceiver(): void {
    this.#receiverHolds++
    if (this.#hasReceivers) this.#mpmc.receivers.add()
    this.#hasReceivers = true
  }

  releaseReceiver(): void {
    this.#receiverHolds--
    this.#mpmc.removeReceiver()
    if (this.#mpmc.receivers.count === 0) {
      // Nobody can receive what is sent here any more, so it is as good as over.
      this.#over = true
      this.#endSenders(undefined)
    }
    this.#tellIfUnused()
  }

  addSender(connection: Connection, stream: number): void {
    this.holdSender()
    const end = new SenderEnd(connection, stream, this)
    if (this.#mpmc.receivers.count === 0 || this.#over) {
      end.end((out) => this.#keeper.writeEnded(out, stream, undefined))
      this.releaseSender()
      return
    }
    this.#senders.add(end)
  }

  addReceiver(connection: Connection, stream: number): void {
    this.holdReceiver()
    const end = new ReceiverEnd(connection, stream, this)
    this.#receivers.add(end)
    if (this.#mpmc.items.isEnded || this.#over) end.end((out) => this.#keeper.writeEnded(out, stream, undefined))
  }

  /** Ends the channel for everybody. */
  delete(error: Error): void {
    this.#over = true
    this.#endSenders(error)
    for (const end of this.#receivers) {
      for (const item of end.drop()) this.#forget(item)
      end.end((out) => this.#keeper.writeEnded(out, end.stream, error))
    }
    for (const item of this.#mpmc.items.drain()) this.#forget(item)
    this.#stop()
  }

  accept(frame: FrameReader): number {
    const count = readItems(frame, this.#accepted, (item) => this.#mpmc.accept(item))
    this.#accepted += count
    const length = this.#length
    if (length > this.#highWaterMark) this.#highWaterMark = length
    return count
  }

  attempt(end: SenderEnd, count: number): void {
    this.#credits.attempt(end, count)
  }

  starved(): void {
    this.#credits.starved()
  }

  recalled(end: SenderEnd): void {
    this.#credits.answered(end)
  }

  senderGone(end: SenderEnd): void {
    this.#senders.delete(end)
    this.#credits.gone(end)
    this.releaseSender()
  }

  serve(end: ReceiverEnd): void {
    const { items } = this.#mpmc
    while (end.demand > 0 && items.length > 0) {
      end.demand--
      if (end.awaited > 0) end.awaited--
      end.send(this.#mpmc.take())
    }
    if (end.demand > 0 && !items.isEnded) {
      items.park(end)
      this.#items.starved()
    }
  }

  probe(end: ReceiverEnd, count: number): void {
    const { items } = this.#mpmc
    let left = count
    for (; left > 0 && items.length > 0; left--) end.send(this.#mpmc.take())
    if (left === count && !items.isEnded) this.#items.probe(end, () => this.#answerProbe(end, count))
    else end.answerProbe()
  }

  deliveredAhead(): void {
    if (this.#mpmc.items.waiting > 0) this.#items.starved()
  }

  withdraw(end: ReceiverEnd): void {
    this.#mpmc.items.unpark(end)
  }

  taken(end: ReceiverEnd, items: readonly Item[], first: number): void {
    this.#received += items.length
    if (this.#unacknowledged === undefined) {
      this.#settle(items)
      return
    }
    for (const [index, item] of items.entries()) this.#unacknowledged.add(end, (first + index) >>> 0, item)
  }

  returned(end: ReceiverEnd, items: Item[]): void {
    for (const item of items) item.deliveries--
    this.#giveBack(items)
    this.#items.answered(end)
  }

  acknowledged(end: ReceiverEnd, sequence: number, refused: boolean): void {
    const item = this.#unacknowledged?.remove(end, sequence)
    if (item === undefined) return
    if (refused) {
      this.#mpmc.redelivered++
      this.#giveBack([item])
    } else {
      this.#settle([item])
    }
  }

  receiverGone(end: ReceiverEnd): void {
    this.#receivers.delete(end)
    const untaken = end.takeBack()
    for (const item of untaken) item.deliveries--
    const unacknowledged = this.#unacknowledged?.removeAll(end) ?? []
    this.#mpmc.redelivered += unacknowledged.length
    this.#giveBack([...unacknowledged, ...untaken])
    this.#items.gone(end)
    this.releaseReceiver()
  }

  stats(): ChannelStats {
    const stats = this.#mpmc.stats()
    return {
      ...stats,
      length: this.#length,
      highWaterMark: this.#highWaterMark,
      senders: this.#senderHolds,
      receivers: this.#receiverHolds,
      waitingSenders: sum(this.#senders, (end) => end.waiting),
      waitingReceivers: sum(this.#receivers, (end) => end.awaited),
      sent: this.#accepted,
      received: this.#received,
      unacknowledged: this.#unacknowledged?.size ?? 0,
    }
  }

  get #length(): number {
    return this.#mpmc.items.length + sum(this.#receivers, (end) => end.delivered.length)
  }

  #settle(items: readonly Item[]): void {
    for (const item of items) this.#forget(item)
    this.#mpmc.settle(items.length)
    if (this.#senderHolds === 0) this.#tellIfOver()
  }

  /** Puts items back in front, in the order in which they were accepted. */
  #giveBack(items: Item[]): void {
    if (items.length === 0) return
    const queue = this.#mpmc.items
    const disordered = queue.waiting === 0 && queue.length > 0
    this.#mpmc.giveBack(items)
    // Ends that give back one after the other may do so out of turn.
    if (disordered) for (const item of queue.drain().sort((a, b) => a.order - b.order)) queue.push(item)
  }

  #answerProbe(end: ReceiverEnd, count: number): void {
    const { items } = this.#mpmc
    for (let left = count; left > 0 && items.length > 0; left--) end.send(this.#mpmc.take())
    end.answerProbe()
  }

  #forget(item: Item): void {
    if (item.tokens !== undefined) this.#keeper.releaseTokens(item.tokens)
  }

  #endSenders(error: Error | undefined): void {
    for (const end of [...this.#senders]) {
      this.#senders.delete(end)
      end.end((out) => this.#keeper.writeEnded(out, end.stream, error))
      this.releaseSender()
    }
    this.#credits.stop()
  }

  #tellIfOver(): void {
    if (this.#over || !this.#mpmc.items.isEnded) return
    this.#over = true
    for (const end of this.#receivers) end.end((out) => this.#keeper.writeEnded(out, end.stream, undefined))
    this.#stop()
  }

  #tellIfUnused(): void {
    if (this.isHeld) return
    this.#stop()
    this.#keeper.unused()
  }

  #stop(): void {
    this.#credits.stop()
    this.#items.stop()
    this.#unacknowledged?.stop()
  }
}

function sum<T>(values: Iterable<T>, amount: (value: T) => number): number {
  let total = 0
  for (const value of values) total += amount(value)
  return total
}
