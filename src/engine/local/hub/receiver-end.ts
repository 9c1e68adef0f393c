import type { ByteWriter } from '../../../codec/byte-writer.ts'
import type { ItemWaiter } from '../../../core/item-queue.ts'
import { RingBuffer } from '../../../core/ring-buffer.ts'
import { Waiter } from '../../../core/waiters.ts'
import type { Connection, FrameSink } from '../../../wire/connection.ts'
import { FrameFlag, type FrameReader, FrameType } from '../../../wire/frame.ts'
import type { Batch } from '../../../wire/outbox.ts'
import type { Item } from './item.ts'
import { postAlone, writeItems } from './write-items.ts'

/** What a receiving end belongs to. */
export interface ReceivingSide {
  /** Whether deliveries carry their count. */
  readonly counted: boolean
  /** Whether there are items that nobody has asked for. */
  readonly hasMore: boolean
  /** The end wants another item, now or later: it is given one with `deliver`, or stands in line. */
  serve(end: ReceiverEnd): void
  /** An end got an item that nobody waits for at its other end. */
  deliveredAhead(): void
  /** Everything that `end` could have now is to be delivered, at most `count`; then {@link ReceiverEnd.answerProbe}. */
  probe(end: ReceiverEnd, count: number): void
  /** The end stands in line no longer. */
  withdraw(end: ReceiverEnd): void
  /** The items were taken, in order; `first` is the sequence number of the first. */
  taken(end: ReceiverEnd, items: readonly Item[], first: number): void
  /** Items go back, in order, from an end that stays open. */
  returned(end: ReceiverEnd, items: Item[]): void
  acknowledged(end: ReceiverEnd, sequence: number, refused: boolean): void
  receiverGone(end: ReceiverEnd): void
}

/** A receiving end of a channel, in the hub: its demand, and what was delivered to it and not yet taken. */
export class ReceiverEnd extends Waiter implements FrameSink, Batch, ItemWaiter<Item> {
  readonly connection: Connection
  readonly stream: number
  /** Items wanted beyond those delivered. */
  demand = 0
  /** Items that somebody at the other end waits for. */
  awaited = 0
  /** Delivered and not yet taken, oldest first. */
  readonly delivered = new RingBuffer<Item>()
  /** When the oldest untaken item was delivered to an idle end; milliseconds on this thread's clock. */
  lastActive = 0
  recalling = false
  readonly #side: ReceivingSide
  #epoch = 0
  /** The sequence number of the next item to be delivered. */
  #sequence = 0
  /** Delivered in this tick and not yet written. */
  #outgoing: Item[] = []
  #batched = false
  #gone = false
  #dropped = false

  constructor(connection: Connection, stream: number, side: ReceivingSide) {
    super()
    this.connection = connection
    this.stream = stream
    this.#side = side
    connection.addStream(stream, this)
  }

  get isGone(): boolean {
    return this.#gone
  }

  frame(frame: FrameReader): void {
    const side = this.#side
    switch (frame.type) {
      case FrameType.demand: {
        const count = frame.u32()
        if ((frame.flags & FrameFlag.attempt) !== 0) {
          side.probe(this, count)
          return
        }
        this.demand += count
        this.awaited = frame.u32()
        if (this.list === undefined) side.serve(this)
        return
      }
      case FrameType.taken:
        this.#takenUpTo(frame.u32())
        return
      case FrameType.giveBack:
        this.#giveBack(frame.u32(), frame.u32())
        return
      case FrameType.acknowledge:
        side.acknowledged(this, frame.u32(), (frame.flags & FrameFlag.error) !== 0)
        return
      case FrameType.closeEnd:
        this.leave()
        return
    }
  }

  connectionLost(): void {
    this.leave()
  }

  deliver(item: Item): void {
    this.demand--
    this.send(item)
    if (this.awaited > 0) this.awaited--
    else this.#side.deliveredAhead()
    if (this.demand > 0) this.#side.serve(this)
  }

  /** Delivers beyond demand, for a probe. */
  send(item: Item): void {
    if (this.delivered.length === 0) this.lastActive = performance.now()
    item.deliveries++
    this.delivered.pushBack(item)
    if (item.travelsAlone) {
      this.connection.flush()
      postAlone(this.connection, this.#address(this.#sequence), item)
      this.#sequence = (this.#sequence + 1) >>> 0
      return
    }
    this.#outgoing.push(item)
    if (!this.#batched) {
      this.#batched = true
      this.connection.addBatch(this)
    }
    this.connection.wrote()
  }

  /** Tells a broadcast receiver that it has missed `count` items. */
  lag(count: number): void {
    this.connection.write(FrameType.lagged, 0, this.stream, count)
  }

  ended(): void {
    // The side tells its ends itself, once no item can come back.
  }

  answerProbe(): void {
    if (this.#gone) return
    this.connection.write(FrameType.probed, 0, this.stream)
  }

  recall(): void {
    if (this.recalling || this.#gone) return
    this.recalling = true
    this.connection.write(FrameType.recallItems, 0, this.stream)
  }

  /** Nothing follows. `write` writes the `ended` frame. */
  end(write: (out: ByteWriter) => void): void {
    if (this.#gone) return
    this.connection.flush()
    write(this.connection.out)
    this.connection.wrote()
  }

  /** Removes and returns what was delivered and not taken. */
  takeBack(): Item[] {
    const items: Item[] = []
    for (let item = this.delivered.popFront(); item !== undefined; item = this.delivered.popFront()) items.push(item)
    this.#outgoing = []
    return items
  }

  /** Removes and returns the same when the channel is deleted: what the other end says of it from now on crosses that. */
  drop(): Item[] {
    this.#dropped = true
    return this.takeBack()
  }

  /** The holder has closed the end, or is gone. */
  leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.connection.removeStream(this.stream)
    this.#side.withdraw(this)
    this.demand = 0
    this.#side.receiverGone(this)
  }

  flushInto(out: ByteWriter): void {
    this.#batched = false
    const items = this.#outgoing
    if (items.length === 0 || this.#gone) return
    writeItems(out, this.#address(this.#sequence), items, 0, items.length)
    this.#sequence = (this.#sequence + items.length) >>> 0
    this.#outgoing = []
  }

  #address(sequence: number) {
    return { stream: this.stream, epoch: this.#epoch, sequence, counted: this.#side.counted, more: this.#side.hasMore }
  }

  #takenUpTo(count: number): void {
    if (this.#dropped) return
    this.lastActive = performance.now()
    const { delivered } = this
    // Outgoing items have no number yet, and can not have been taken.
    const numbered = delivered.length - this.#outgoing.length
    if (count > numbered) throw new RangeError(`${count} items were taken, ${numbered} had been delivered`)
    const first = (this.#sequence - numbered) >>> 0
    const items: Item[] = []
    for (let index = 0; index < count; index++) items.push(delivered.popFront() as Item)
    this.#side.taken(this, items, first)
  }

  #giveBack(epoch: number, from: number): void {
    if (this.#dropped) return
    this.recalling = false
    this.#side.withdraw(this)
    this.demand = 0
    this.awaited = 0
    const items = this.takeBackFrom(from)
    this.#epoch = epoch
    this.#sequence = from
    this.#side.returned(this, items)
  }

  takeBackFrom(sequence: number): Item[] {
    const numbered = this.delivered.length - this.#outgoing.length
    const kept = Math.max(0, numbered - ((this.#sequence - sequence) >>> 0))
    const all = this.takeBack()
    for (let index = 0; index < kept; index++) this.delivered.pushBack(all[index] as Item)
    return all.slice(kept)
  }
}
