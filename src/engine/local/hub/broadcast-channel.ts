import { Broadcast, type BroadcastOutcome, type Cursor } from '../../../core/broadcast.ts'
import type { ChannelStats } from '../../../core/ports.ts'
import type { OutcomeWaiter } from '../../../core/waitable.ts'
import { Waiter } from '../../../core/waiters.ts'
import { ChannelLagged } from '../../../errors.ts'
import type { Connection } from '../../../wire/connection.ts'
import type { HubChannel } from './channels.ts'
import type { Item } from './item.ts'
import type { ChannelKeeper } from './mpmc-channel.ts'
import { PublishedSide } from './published-side.ts'
import { ReceiverEnd, type ReceivingSide } from './receiver-end.ts'

/** A channel of which every receiver sees every value, in the hub. The same state machine as in process. */
export class BroadcastChannel implements HubChannel, ReceivingSide {
  readonly counted = false
  readonly hasMore = true
  readonly #broadcast: Broadcast<Item>
  readonly #senders: PublishedSide
  readonly #ends = new Map<ReceiverEnd, Reading>()
  readonly #keeper: ChannelKeeper
  readonly #detached: boolean
  #receiverHolds = 0
  #received = 0
  #over = false

  constructor(options: { readonly capacity: number; readonly detached: boolean }, keeper: ChannelKeeper) {
    this.#keeper = keeper
    this.#detached = options.detached
    // Who reads the last copy of an item gets it a moment after it was dropped here.
    this.#broadcast = new Broadcast<Item>(options.capacity, (item) => {
      if (item.tokens !== undefined) queueMicrotask(() => this.#forget(item))
    })
    this.#senders = new PublishedSide(
      (item) => {
        item.holders = 1
        if (this.#broadcast.send(item) === 0) this.#forget(item)
      },
      () => this.#sendersChanged(),
    )
  }

  get isOver(): boolean {
    return this.#over
  }

  get isHeld(): boolean {
    return this.#senders.holds + this.#receiverHolds > 0
  }

  addSender(connection: Connection, stream: number): void {
    this.#senders.add(connection, stream, this.#ends.size)
  }

  holdSender(): void {
    this.#senders.hold()
  }

  releaseSender(): void {
    this.#senders.release()
  }

  /** `like` is the stream of a receiver of the same thread that has read as much. */
  addReceiver(connection: Connection, stream: number, like?: number): void {
    this.holdReceiver()
    const end = new ReceiverEnd(connection, stream, this)
    this.#ends.set(end, new Reading(end, this.#cursor(connection, like)))
    this.#senders.tellHolders(this.#ends.size)
    if (this.#broadcast.isEnded) this.#end(end, undefined)
  }

  holdReceiver(): void {
    this.#receiverHolds++
  }

  releaseReceiver(): void {
    this.#receiverHolds--
    this.#tellIfUnused()
  }

  delete(error: Error): void {
    this.#over = true
    this.#senders.end(this.#keeper, error)
    for (const end of this.#ends.keys()) this.#end(end, error)
  }

  serve(end: ReceiverEnd): void {
    this.#ends.get(end)?.serve()
  }

  probe(end: ReceiverEnd, count: number): void {
    this.#ends.get(end)?.read(count)
    end.answerProbe()
  }

  deliveredAhead(): void {}

  withdraw(end: ReceiverEnd): void {
    this.#ends.get(end)?.withdraw()
  }

  taken(_end: ReceiverEnd, items: readonly Item[]): void {
    this.#received += items.length
    for (const item of items) this.#forget(item)
  }

  returned(_end: ReceiverEnd, items: Item[]): void {
    for (const item of items) this.#forget(item)
  }

  acknowledged(): void {}

  receiverGone(end: ReceiverEnd): void {
    for (const item of end.takeBack()) this.#forget(item)
    this.#ends.get(end)?.close()
    this.#ends.delete(end)
    this.#senders.tellHolders(this.#ends.size)
    this.releaseReceiver()
  }

  stats(): ChannelStats {
    return {
      capacity: this.#broadcast.capacity,
      length: this.#broadcast.next - this.#broadcast.oldest,
      highWaterMark: this.#broadcast.capacity,
      senders: this.#senders.holds,
      receivers: this.#receiverHolds,
      waitingSenders: 0,
      waitingReceivers: [...this.#ends.keys()].filter((end) => end.demand > 0).length,
      sent: this.#senders.accepted,
      received: this.#received,
      unacknowledged: 0,
      redelivered: 0,
    }
  }

  #cursor(connection: Connection, like: number | undefined): Cursor<Item> {
    for (const [end, reading] of this.#ends) {
      if (end.connection === connection && end.stream === like) return reading.cursor.fork()
    }
    return this.#broadcast.subscribe()
  }

  #sendersChanged(): void {
    if (this.#senders.holds > 0) return
    if (!this.#detached && !this.#broadcast.isEnded) {
      this.#broadcast.removeSender()
      for (const end of this.#ends.keys()) this.#end(end, undefined)
    }
    this.#tellIfUnused()
  }

  /** Nothing will be sent any more: all that is retained goes out, and then the end. */
  #end(end: ReceiverEnd, error: Error | undefined): void {
    if (error === undefined) this.#ends.get(end)?.read(Number.POSITIVE_INFINITY)
    end.end((out) => this.#keeper.writeEnded(out, end.stream, error))
  }

  #tellIfUnused(): void {
    if (this.isHeld) return
    this.#keeper.unused()
  }

  #forget(item: Item): void {
    if (--item.holders === 0 && item.tokens !== undefined) this.#keeper.releaseTokens(item.tokens)
  }
}

/** One receiver: where it is, and how it waits for more. */
class Reading extends Waiter implements OutcomeWaiter<BroadcastOutcome<Item>> {
  readonly cursor: Cursor<Item>
  readonly #end: ReceiverEnd

  constructor(end: ReceiverEnd, cursor: Cursor<Item>) {
    super()
    this.#end = end
    this.cursor = cursor
  }

  /** Reads as much as is wanted, then waits. */
  serve(): void {
    const end = this.#end
    while (end.demand > 0 && this.cursor.ready() && !this.cursor.isClosed) {
      end.demand--
      this.#deliver(this.cursor.take())
    }
    if (end.demand > 0 && this.list === undefined && !this.cursor.isClosed) this.cursor.park(this)
  }

  read(count: number): void {
    for (let left = count; left > 0 && this.cursor.ready() && !this.cursor.isClosed; left--) {
      this.#deliver(this.cursor.take())
    }
  }

  settle(outcome: BroadcastOutcome<Item>): void {
    if (!outcome.ok && !(outcome.error instanceof ChannelLagged)) return
    this.#end.demand--
    this.#deliver(outcome)
    this.serve()
  }

  withdraw(): void {
    this.cursor.unpark(this)
  }

  close(): void {
    this.cursor.close()
  }

  #deliver(outcome: BroadcastOutcome<Item>): void {
    if (outcome.ok) {
      outcome.value.holders++
      this.#end.send(outcome.value)
    } else if (outcome.error instanceof ChannelLagged) {
      this.#end.lag(outcome.error.missed)
    }
  }
}
