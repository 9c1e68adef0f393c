import type { ByteWriter } from '../codec/byte-writer.ts'
import { ItemQueue, type ItemWaiter } from '../core/item-queue.ts'
import type { Connection, FrameSink } from './connection.ts'
import { FrameFlag, type FrameReader, FrameType, writeFrame } from './frame.ts'
import { type Completion, IncompleteItems } from './incomplete-items.ts'
import type { Batch } from './outbox.ts'
import { RoundTrip } from './round-trip.ts'
import { readTokens } from './sender-stream.ts'

/** What the items of one frame have in common. */
export interface DeliveredFrame {
  readonly bytes: Uint8Array
  readonly attachments: readonly unknown[] | undefined
  /** The number of the first item. */
  readonly first: number
  /** How often each was delivered; undefined outside of acknowledged mode. */
  readonly deliveries: readonly number[] | undefined
  /** Set on the mark that a broadcast receiver gets for what it lost. */
  readonly missed: number
  /** The memory is the only item's: what is decoded can stay where it is. */
  readonly borrow?: boolean
  /** What kept the item from being brought here. */
  readonly failure?: { readonly cause: unknown } | undefined
}

/** An item as it arrived, still encoded. */
export class ReceivedItem {
  readonly frame: DeliveredFrame
  readonly index: number
  readonly start: number
  readonly end: number

  constructor(frame: DeliveredFrame, index: number, start: number, end: number) {
    this.frame = frame
    this.index = index
    this.start = start
    this.end = end
  }

  get sequence(): number {
    return (this.frame.first + this.index) >>> 0
  }

  get deliveries(): number {
    return this.frame.deliveries?.[this.index] ?? 1
  }
}

/** What a receiver stream tells its owner. */
export interface ReceiverStreamOwner {
  /** Nothing follows what was delivered. The body is empty, or an error. Returns what later takers get. */
  ended(body: FrameReader): unknown
  lost(error: Error): unknown
  /** How to bring the rest of an item here, of which only a reference has come; undefined if all of it is here. */
  completion?(item: ReceivedItem): Completion<ReceivedItem> | undefined
}

/** A frame that came by itself has a header besides its item, and the item little else than its largest value. */
const largestSurplus = 64
/** Milliseconds that what a `select` has asked for and not taken waits for the next one. */
const lingerTime = 5
/** The hub is told of at most so many taken items at once, and of fewer where the capacity is small; it has to wait for no longer than this many ms. */
const largestReport = 1024
const reportTime = 1
/** The most items that are fetched in advance. */
const largestWindow = 4096
/** Milliseconds: who comes back this soon after it took the last item gets more at a time. */
const fastTime = 1
/** Milliseconds: half a window that lasts longer than this, and than two round trips, is more than needs to be here. */
const slowTime = 4

/**
 * The receiving end of a remote channel.
 *
 * It asks for as many items as somebody waits for, and, while items are eaten quickly, for some in advance. What is here
 * and was not taken still belongs to the hub, which calls it back when another receiver waits.
 */
export class ReceiverStream implements FrameSink, Batch {
  readonly number: number
  /** What has been delivered, and those who wait. Park through {@link park}. */
  readonly queue = new ItemQueue<ReceivedItem>()
  readonly #connection: Connection
  readonly #owner: ReceiverStreamOwner
  readonly #largestWindow: number
  readonly #largestReport: number
  readonly #keeps: boolean
  /** Items that can not be in the queue yet. */
  readonly #incomplete = new IncompleteItems<ReceivedItem>(
    (item) => this.queue.push(item),
    () => this.#completed(),
  )
  #probed = 0
  /** Nothing follows; taken note of once all items are in the queue. */
  #ending: { readonly error: unknown } | undefined
  #epoch = 0
  #nextSequence = 0
  #demanded = 0
  /** Items of the frame at hand that are not in the queue yet. */
  #arriving = 0
  #window = 0
  /** When the last items came, the hub had more of them. */
  #more = false
  #taken = 0
  /** When the last of what was here was taken, and when more was last asked for in advance. */
  #lastEmptied = 0
  #lastRefill = 0
  readonly #trip = new RoundTrip()
  #batched = false
  #probes: (() => void)[] = []
  #lingering: NodeJS.Timeout | undefined
  #reporting: NodeJS.Timeout | undefined
  #lastParked = 0
  #closed = false

  /** `window` bounds what is fetched in advance. What was fetched goes back unless `keeps` says that nobody else could use it. */
  constructor(
    connection: Connection,
    number: number,
    owner: ReceiverStreamOwner,
    options: { readonly capacity: number; readonly window?: number; readonly keeps?: boolean },
  ) {
    this.#largestWindow = options.window ?? largestWindow
    this.#largestReport = Math.max(1, Math.min(largestReport, Math.floor(options.capacity / 8)))
    this.#keeps = options.keeps === true
    this.number = number
    this.#connection = connection
    this.#owner = owner
    connection.addStream(number, this)
  }

  /** Stands in line for one item and sees to it that enough are asked for. */
  park(waiter: ItemWaiter<ReceivedItem>): void {
    this.queue.park(waiter)
    if (this.#lingering !== undefined) this.#lastParked = performance.now()
    // It comes back at once, and the hub has more than was asked for: asking for more at a time saves the way.
    if (this.#more && performance.now() - this.#lastEmptied < fastTime) this.#grow()
    const { waiting } = this.queue
    if (waiting > this.#demanded) this.#demand(waiting + this.#window - this.#demanded)
  }

  /** Leaves the line. What was asked for on its behalf goes back, so that another receiver can have it. */
  unpark(waiter: ItemWaiter<ReceivedItem>): void {
    if (!this.queue.unpark(waiter)) return
    if (!this.#keeps && this.#demanded > this.queue.waiting) this.#giveBackFrom(0)
  }

  /**
   * Leaves the line as the loser of a `select`, which is likely to come back: what was asked for may still come, so that a case which is
   * always ready does not keep the others from ever being so. It goes back when nobody comes for it.
   */
  unparkForNow(waiter: ItemWaiter<ReceivedItem>): void {
    if (!this.queue.unpark(waiter)) return
    this.#connection.write(FrameType.demand, 0, this.number, 0, this.queue.waiting)
    if (this.#keeps || this.#lingering !== undefined) return
    this.#lingering = setTimeout(() => {
      this.#lingering = undefined
      if (this.queue.waiting === 0 && performance.now() - this.#lastParked >= lingerTime) this.#giveBackFrom(0)
    }, lingerTime)
    this.#lingering.unref()
  }

  /** An item of the queue, or one that was delivered to a waiter, has been taken: its slot is free. */
  took(): void {
    this.#taken++
    if (!this.#batched) {
      this.#batched = true
      this.#connection.addBatch(this)
    }
    // It goes along with whatever leaves next. By itself it leaves when it has become much, or after a moment.
    if (this.#taken >= this.#largestReport) this.#connection.flush()
    else if (this.#reporting === undefined) {
      this.#reporting = setTimeout(() => this.#report(), reportTime)
      this.#reporting.unref()
    }
    if (this.queue.length === 0) this.#lastEmptied = performance.now()
    // What a frame brings is pushed one by one; what is left of it counts once it is here.
    if (this.#here + this.#demanded < this.#window >>> 1) this.#refill()
  }

  /** Brings everything here that the hub could deliver now, at most `count` items in all. */
  async probe(count: number): Promise<void> {
    const missing = count - this.queue.length
    if (missing <= 0 || this.#closed || this.queue.isEnded) return
    this.#connection.hold()
    await new Promise<void>((resolve) => {
      this.#probes.push(resolve)
      this.#connection.write(FrameType.demand, FrameFlag.attempt, this.number, missing)
    })
    this.#connection.release()
  }

  /** Acknowledges a delivery, or, with `refused`, has it delivered again. */
  acknowledge(sequence: number, refused: boolean): void {
    if (this.#closed) return
    this.#connection.write(FrameType.acknowledge, refused ? FrameFlag.error : 0, this.number, sequence)
  }

  /** Nothing more will be received; what was not taken goes back. */
  close(error: unknown): void {
    if (this.#closed) return
    this.#connection.write(FrameType.closeEnd, 0, this.number)
    this.#end(error)
  }

  flushInto(out: ByteWriter): void {
    this.#batched = false
    if (this.#taken === 0 || this.#closed) return
    writeFrame(out, FrameType.taken, 0, this.number, this.#taken)
    this.#taken = 0
  }

  frame(frame: FrameReader): void {
    switch (frame.type) {
      case FrameType.deliver:
        this.#deliver(frame)
        return
      case FrameType.lagged:
        this.#demanded = Math.max(0, this.#demanded - 1)
        this.queue.push(new ReceivedItem({ ...mark, missed: frame.u32() }, 0, 0, 0))
        return
      case FrameType.probed:
        // What was probed for may have to be brought here first.
        if (this.#incomplete.length > 0) this.#probed++
        else this.#probes.shift()?.()
        return
      case FrameType.recallItems:
        this.#window >>>= 1
        this.#giveBackFrom(this.#incomplete.length > 0 ? this.queue.length : this.queue.length >>> 1)
        return
      case FrameType.ended: {
        const error = this.#owner.ended(frame)
        this.#connection.removeStream(this.number)
        if (this.#incomplete.length > 0) this.#ending = { error }
        else this.#finish(error)
        return
      }
    }
  }

  connectionLost(error: Error): void {
    this.#end(this.#owner.lost(error))
  }

  #deliver(frame: FrameReader): void {
    const epoch = frame.u32()
    const first = frame.u32()
    const count = frame.u32()
    // What was under way when items were given back has been given back with them.
    if (epoch !== this.#epoch) return
    const lengths = frame.position
    frame.position += count * 4
    const counted = (frame.flags & FrameFlag.deliveryCounts) !== 0
    const deliveries = counted ? Array.from({ length: count }, () => frame.u32()) : undefined
    const hasTokens = (frame.flags & FrameFlag.tokens) !== 0
    if (hasTokens) readTokens(frame)
    const { bytes, view, attachments } = frame
    // Between threads the hub may still have the same memory.
    const isOwn = !this.#connection.carriesAttachments
    const borrow = isOwn && count === 1 && bytes.buffer.byteLength - (frame.end - frame.position) <= largestSurplus
    const delivered: DeliveredFrame = { bytes, attachments, first, deliveries, missed: 0, borrow }
    const queue = this.queue
    let start = frame.position
    this.#nextSequence = (first + count) >>> 0
    this.#demanded = Math.max(0, this.#demanded - count)
    this.#trip.answered(performance.now())
    this.#arriving = count
    this.#more = (frame.flags & FrameFlag.more) !== 0
    for (let index = 0; index < count; index++) {
      const end = start + view.getUint32(lengths + index * 4, true)
      if (end > frame.end) throw new RangeError('an item ends after its frame')
      this.#arriving--
      const item = new ReceivedItem(delivered, index, start, end)
      // Only what travels alone can be a reference.
      const completion = hasTokens ? this.#owner.completion?.(item) : undefined
      if (completion === undefined && this.#incomplete.length === 0) queue.push(item)
      else this.#incomplete.add(item, completion)
      start = end
    }
  }

  #demand(count: number): void {
    this.#demanded += count
    this.#trip.asked(performance.now())
    this.#connection.write(FrameType.demand, 0, this.number, count, this.queue.waiting)
  }

  #report(): void {
    this.#reporting = undefined
    this.#connection.flush()
  }

  /** Half of the window has been eaten: asks for more, and for less at a time if that took long. */
  #refill(): void {
    const now = performance.now()
    if (now - this.#lastRefill > Math.max(slowTime, 2 * this.#trip.best)) this.#window >>>= 1
    this.#lastRefill = now
    const missing = this.#window - this.#here - this.#demanded
    if (missing > 0 && !this.queue.isEnded) this.#demand(missing)
  }

  #grow(): void {
    this.#more = false
    this.#window = Math.min(Math.max(this.#window * 2, 2), this.#largestWindow)
    this.#lastRefill = performance.now()
  }

  /** Gives back the buffered items from `index` on, and voids all open demand. */
  #giveBackFrom(index: number): void {
    if (this.#closed) return
    const items = [...this.queue.drain(), ...this.#incomplete.takeBack()]
    const kept = items.slice(0, index)
    const sequence = items[index]?.sequence ?? this.#nextSequence
    this.#epoch = (this.#epoch + 1) >>> 0
    this.#demanded = 0
    this.#nextSequence = sequence
    this.#connection.write(FrameType.giveBack, 0, this.number, this.#epoch, sequence)
    for (const item of kept) this.queue.push(item)
    if (this.queue.waiting > 0) this.#demand(this.queue.waiting)
    if (this.#incomplete.length === 0) this.#completed()
  }

  /** Items that were delivered and not taken. */
  get #here(): number {
    return this.queue.length + this.#incomplete.length + this.#arriving
  }

  /** Everything that was delivered is in the queue. */
  #completed(): void {
    for (; this.#probed > 0; this.#probed--) this.#probes.shift()?.()
    if (this.#ending !== undefined) this.#finish(this.#ending.error)
  }

  #end(error: unknown): void {
    if (this.#closed) return
    this.#connection.removeStream(this.number)
    this.#closed = true
    clearTimeout(this.#lingering)
    clearTimeout(this.#reporting)
    this.queue.drain()
    this.#incomplete.takeBack()
    this.#finish(error)
  }

  #finish(error: unknown): void {
    this.queue.end(error)
    for (const probe of this.#probes.splice(0)) probe()
  }
}

const mark: DeliveredFrame = {
  bytes: new Uint8Array(0),
  attachments: undefined,
  first: 0,
  deliveries: undefined,
  missed: 0,
}
