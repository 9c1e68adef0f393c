import { ByteWriter } from '../codec/byte-writer.ts'
import { Slots } from '../core/slots.ts'
import type { Connection, FrameSink } from './connection.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType } from './frame.ts'
import { type Batch, keptBytes } from './outbox.ts'
import { RoundTrip } from './round-trip.ts'
import type { Token } from './token.ts'

/** What a sender stream tells its owner. */
export interface SenderStreamOwner {
  /** Nobody will receive any more. */
  ended(body: FrameReader): void
  /** So many receivers hold the other side now. Only broadcast and watch are told. */
  holders?(count: number): void
  /** The hub is gone; `unconfirmed` items had not left yet, or, where the hub says what it has accepted, had not been. */
  lost(error: Error, unconfirmed: number): void
}

/** The smallest and the largest number of slots held in advance. */
const smallestWindow = 16
const largestWindow = 8192
/** From this capacity on one sender may hold half of it in advance; below, a quarter. */
const largeCapacity = 1024
/** An item of so many bytes has a frame of its own, so that it can be received where it stays. */
const largeItem = 32 * 1024
/** Milliseconds; a sender that runs dry again this soon, or sooner than its credits take to come, asks for twice as much in advance. */
const dryTime = 2

/**
 * The sending end of a remote channel: items leave in batches, under credits.
 *
 * A credit is a slot of the channel that the hub has reserved for this end, so an item that has one can always be accepted.
 */
export class SenderStream implements FrameSink, Batch {
  readonly number: number
  /** The slots that this end holds, and those who wait for one. */
  readonly credits: Slots
  /** Encode the next item here, from its end, then call {@link commit}. */
  readonly payload = new ByteWriter()
  readonly #connection: Connection
  readonly #owner: SenderStreamOwner
  readonly #largestWindow: number
  #lengths = new Uint32Array(64)
  #count = 0
  #inBatch = false
  #sequence = 0
  /** Slots that it would like to hold at any time. The hub sees what is used and fills up by itself. */
  #window = 0
  /** All credits that have come without being attempts, modulo 2^32: it tells the hub which ones are under way. */
  #received = 0
  #lastCredit = 0
  readonly #trip = new RoundTrip()
  /** Items that the hub has accepted, modulo 2^32; undefined where it does not say so. */
  #accepted: number | undefined
  #attempts: ((granted: number) => void)[] = []
  #closed = false

  constructor(connection: Connection, number: number, capacity: number, owner: SenderStreamOwner) {
    this.number = number
    this.credits = new Slots(capacity, 0)
    this.#largestWindow = Math.min(largestWindow, Math.floor(capacity / (capacity < largeCapacity ? 4 : 2)))
    this.#connection = connection
    this.#owner = owner
    connection.addStream(number, this)
  }

  /** Items that have not left yet. */
  get batched(): number {
    return this.#count
  }

  /** The item from `start` to the end of {@link payload} is complete. It uses a credit that the caller has acquired. */
  commit(start: number): void {
    if (this.#count === this.#lengths.length) this.#growLengths()
    const position = this.payload.position
    this.#lengths[this.#count++] = position - start
    if (!this.#inBatch) {
      this.#inBatch = true
      this.#connection.addBatch(this)
    }
    this.#connection.wrote(position)
  }

  /** Like {@link commit}, for an item that carries attachments or tokens: it leaves by itself. */
  commitAlone(start: number, attachments: readonly unknown[], tokens: readonly Token[]): void {
    const item = this.payload.bytes.slice(start, this.payload.position)
    this.payload.position = start
    this.#connection.postWithAttachments(attachments, (out) => {
      const frame = beginFrame(out, FrameType.send, tokens.length > 0 ? FrameFlag.tokens : 0, this.number)
      out.reserve(16 + tokens.length * 8 + item.byteLength)
      const view = out.view
      view.setUint32(out.position, this.#sequence, true)
      view.setUint32(out.position + 4, 1, true)
      view.setUint32(out.position + 8, item.byteLength, true)
      out.position += 12
      if (tokens.length > 0) writeTokens(out, tokens)
      out.bytes.set(item, out.position)
      out.position += item.byteLength
      endFrame(out, frame)
      this.#sequence = (this.#sequence + 1) >>> 0
    })
  }

  /** Somebody has got in line for credits. Whoever runs dry soon after it got some is given more at a time. */
  ask(): void {
    const now = performance.now()
    const dry = now - this.#lastCredit < Math.max(dryTime, this.#trip.best)
    this.#trip.asked(now)
    this.#window = dry ? Math.min(Math.max(this.#window * 2, smallestWindow), this.#largestWindow) : this.#window >>> 1
    this.#want()
  }

  /** Somebody who waited for credits does so no longer. */
  withdraw(): void {
    if (!this.#closed) this.#want()
    this.#returnSurplus()
  }

  /** All of `count` credits now, or none: what is held here first, then what the hub has. Resolves with whether it worked. */
  async attempt(count: number): Promise<boolean> {
    if (this.credits.waiting > 0 || this.#closed) return false
    const held = this.credits.tryAcquireUpTo(count)
    if (held === count) return true
    this.#connection.hold()
    const granted = await new Promise<number>((resolve) => {
      this.#attempts.push(resolve)
      this.#connection.write(FrameType.want, FrameFlag.attempt, this.number, count - held)
    })
    this.#connection.release()
    if (granted > 0) return true
    if (held > 0) this.credits.release(held)
    // Slots that were asked for in advance may have come meanwhile.
    const acquired = !this.#closed && this.credits.tryAcquire(count)
    this.#returnSurplus()
    return acquired
  }

  /** Credits that were acquired and not used go to those who wait, or back to the hub. */
  giveBack(count: number): void {
    if (count > 0) this.credits.release(count)
    this.#returnSurplus()
  }

  /** Gives back all credits that nobody uses. */
  returnIdle(): void {
    if (this.credits.waiting > 0 || this.#closed) return
    const count = this.credits.takeBackUpTo(0xffffffff)
    if (count > 0) this.#return(count)
  }

  /** Nothing more will be sent. What was committed still arrives. */
  close(): void {
    if (this.#closed) return
    this.#connection.write(FrameType.closeEnd, 0, this.number)
    this.#end()
  }

  flushInto(out: ByteWriter): void {
    this.#inBatch = false
    const count = this.#count
    if (count === 0) return
    out.reserve(this.payload.position + count * 4 + 64)
    let from = 0
    let start = 0
    let end = 0
    for (let index = 0; index < count; index++) {
      const length = this.#lengths[index] as number
      if (length >= largeItem && index > from) {
        this.#writeRun(out, from, index, start, end)
        from = index
        start = end
      }
      end += length
      if (length >= largeItem || index === count - 1) {
        this.#writeRun(out, from, index + 1, start, end)
        from = index + 1
        start = end
      }
    }
    this.#count = 0
    this.payload.reset(keptBytes)
  }

  frame(frame: FrameReader): void {
    switch (frame.type) {
      case FrameType.credit: {
        const granted = frame.u32()
        if (frame.position < frame.end) this.#accepted = frame.u32()
        if ((frame.flags & FrameFlag.attempt) !== 0) {
          this.#attempts.shift()?.(granted)
          return
        }
        this.#received = (this.#received + granted) >>> 0
        if (granted > 0) {
          this.#lastCredit = performance.now()
          this.#trip.answered(this.#lastCredit)
        }
        this.credits.release(granted)
        this.#returnSurplus()
        return
      }
      case FrameType.recallCredit: {
        const count = this.credits.waiting > 0 ? 0 : this.credits.takeBackUpTo(0xffffffff)
        this.#window >>>= 1
        this.#connection.write(FrameType.returnCredit, FrameFlag.attempt, this.number, count)
        return
      }
      case FrameType.holders:
        this.#owner.holders?.(frame.u32())
        return
      case FrameType.ended:
        this.#end()
        this.#owner.ended(frame)
        return
    }
  }

  connectionLost(error: Error): void {
    const left = this.#accepted === undefined ? 0 : (this.#sequence - this.#accepted) >>> 0
    const unconfirmed = left + this.#count
    this.#end()
    this.#owner.lost(error, unconfirmed)
  }

  #want(): void {
    const { wanted, available, waiting } = this.credits
    const missing = Math.max(0, wanted - available)
    this.#connection.write(FrameType.want, 0, this.number, missing, this.#window, waiting, this.#received)
  }

  #returnSurplus(): void {
    const surplus = this.credits.available - this.#window
    if (surplus <= 0 || this.credits.waiting > 0 || this.#closed) return
    this.#return(this.credits.takeBackUpTo(surplus))
  }

  #return(count: number): void {
    this.#connection.write(FrameType.returnCredit, 0, this.number, count)
  }

  #end(): void {
    this.#closed = true
    this.#count = 0
    this.payload.reset()
    this.#connection.removeStream(this.number)
    for (const attempt of this.#attempts.splice(0)) attempt(0)
  }

  /** Writes the items from the number `from` up to `to`, which stand from `start` to `end`, as one frame. */
  #writeRun(out: ByteWriter, from: number, to: number, start: number, end: number): void {
    const frame = beginFrame(out, FrameType.send, 0, this.number)
    out.reserve(8 + (to - from) * 4 + end - start)
    const view = out.view
    let position = out.position
    view.setUint32(position, this.#sequence, true)
    view.setUint32(position + 4, to - from, true)
    position += 8
    for (let index = from; index < to; index++, position += 4) {
      view.setUint32(position, this.#lengths[index] as number, true)
    }
    out.bytes.set(this.payload.bytes.subarray(start, end), position)
    out.position = position + end - start
    endFrame(out, frame)
    this.#sequence = (this.#sequence + to - from) >>> 0
  }

  #growLengths(): void {
    const lengths = new Uint32Array(this.#lengths.length * 2)
    lengths.set(this.#lengths)
    this.#lengths = lengths
  }
}

export function writeTokens(out: ByteWriter, tokens: readonly Token[]): void {
  const view = out.view
  view.setUint32(out.position, tokens.length, true)
  out.position += 4
  for (const token of tokens) {
    view.setUint32(out.position, token.origin, true)
    view.setUint32(out.position + 4, token.number, true)
    out.position += 8
  }
}

export function readTokens(frame: FrameReader): Token[] {
  const count = frame.u32()
  if (count * 8 > frame.end - frame.position) throw new RangeError(`a frame announces ${count} tokens`)
  return Array.from({ length: count }, () => ({ origin: frame.u32(), number: frame.u32() }))
}
