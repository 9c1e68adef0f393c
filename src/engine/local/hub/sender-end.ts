import type { ByteWriter } from '../../../codec/byte-writer.ts'
import type { Slots, SlotWaiter } from '../../../core/slots.ts'
import { Waiter } from '../../../core/waiters.ts'
import type { Connection, FrameSink } from '../../../wire/connection.ts'
import { FrameFlag, type FrameReader, FrameType, writeFrame } from '../../../wire/frame.ts'
import type { Batch } from '../../../wire/outbox.ts'

/** What a sending end belongs to. */
export interface SendingSide {
  readonly slots: Slots
  /** How many slots an end may hold beyond what it waits for. */
  readonly allowance: number
  /** How many slots are granted together, unless somebody has waited for a while. */
  readonly chunk: number
  /** Reads the items of a `send` frame; returns how many. */
  accept(frame: FrameReader): number
  /** Grants `count` slots now or none, with {@link SenderEnd.answerAttempt}. */
  attempt(end: SenderEnd, count: number): void
  /** An end could not be served at once: slots that others hold unused are called back. */
  starved(): void
  /** An answer to a recall has come. */
  recalled(end: SenderEnd): void
  senderGone(end: SenderEnd): void
}

/** The most slots that an end is given in advance before others in line have their turn. */
const quantum = 1024
/** Milliseconds that somebody waits for a whole chunk of slots. */
const chunkTime = 1

/** A sending end of a channel, in the hub: the credits that it holds, and its place in line. */
export class SenderEnd extends Waiter implements FrameSink, Batch, SlotWaiter {
  readonly connection: Connection
  readonly stream: number
  need = 0
  /** Slots granted and neither used nor given back. */
  held = 0
  /** Slots that somebody at the other end waits for, beyond those that are under way to it. */
  awaited = 0
  /** All slots ever granted other than by attempts, modulo 2^32. */
  #grantedInAll = 0
  /** Operations that waited when it last asked. */
  #operations = 0
  /** Slots that it may hold at any time. */
  #target = 0
  /** It has waited long enough for a whole chunk. */
  #impatient = false
  #timer: NodeJS.Timeout | undefined
  /** A recall is under way. */
  recalling = false
  readonly #side: SendingSide
  #granted = 0
  #batched = false
  #gone = false

  constructor(connection: Connection, stream: number, side: SendingSide) {
    super()
    this.connection = connection
    this.stream = stream
    this.#side = side
    connection.addStream(stream, this)
  }

  frame(frame: FrameReader): void {
    const side = this.#side
    switch (frame.type) {
      case FrameType.send:
        this.held -= side.accept(frame)
        if (this.held < 0) throw new RangeError(`${-this.held} items were sent without credits`)
        this.#fill()
        return
      case FrameType.want: {
        const missing = frame.u32()
        if ((frame.flags & FrameFlag.attempt) !== 0) {
          side.attempt(this, missing)
          return
        }
        this.#target = Math.min(frame.u32(), side.allowance)
        this.#operations = frame.u32()
        const underWay = (this.#grantedInAll - frame.u32()) >>> 0
        // To grant what is under way once more would break the flow into ever smaller pieces.
        this.awaited = Math.max(0, missing - underWay)
        this.#fill()
        // What it holds and no longer waits with may be what others wait for.
        if (this.awaited === 0 && side.slots.waiting > 0) side.starved()
        return
      }
      case FrameType.returnCredit: {
        const count = frame.u32()
        this.held -= count
        if ((frame.flags & FrameFlag.attempt) !== 0) this.recalling = false
        side.slots.release(count)
        if ((frame.flags & FrameFlag.attempt) !== 0) side.recalled(this)
        return
      }
      case FrameType.closeEnd:
        this.leave()
        return
    }
  }

  /** Operations at the other end that wait for slots, as far as is known. */
  get waiting(): number {
    return Math.min(this.#operations, this.awaited)
  }

  /** While others fill the channel, slots are handed out by the chunk: a thread that is woken for each wakes too often. */
  get least(): number {
    return this.#impatient ? 1 : Math.min(this.need, this.#side.chunk)
  }

  connectionLost(): void {
    this.leave()
  }

  granted(count: number): void {
    this.held += count
    this.awaited = Math.max(0, this.awaited - count)
    this.#impatient = false
    this.#granted += count
    this.#grantedInAll = (this.#grantedInAll + count) >>> 0
    if (!this.#batched) {
      this.#batched = true
      this.connection.addBatch(this)
    }
    this.connection.wrote()
    if (this.awaited === 0 && this.#side.slots.waiting > 0) this.#side.starved()
  }

  refused(): void {
    this.need = 0
  }

  /** Answers an attempt: all or nothing. */
  answerAttempt(count: number): void {
    this.held += count
    this.connection.write(FrameType.credit, FrameFlag.attempt, this.stream, count)
  }

  /** Tells a broadcast or watch sender how many receive. */
  tellHolders(count: number): void {
    if (this.#gone) return
    this.connection.write(FrameType.holders, 0, this.stream, count)
  }

  recall(): void {
    if (this.recalling || this.#gone) return
    this.recalling = true
    this.#target = 0
    this.connection.write(FrameType.recallCredit, 0, this.stream)
  }

  /** Nobody receives any more. `write` adds the reason. */
  end(write: (out: ByteWriter) => void): void {
    if (this.#gone) return
    this.#gone = true
    clearTimeout(this.#timer)
    this.#side.slots.unpark(this)
    this.connection.removeStream(this.stream)
    write(this.connection.out)
    this.connection.wrote()
  }

  /** The holder has closed the end, or is gone. */
  leave(): void {
    if (this.#gone) return
    this.#gone = true
    clearTimeout(this.#timer)
    this.connection.removeStream(this.stream)
    this.#side.slots.unpark(this)
    const held = this.held
    this.held = 0
    this.#side.slots.release(held)
    this.#side.senderGone(this)
  }

  flushInto(out: ByteWriter): void {
    this.#batched = false
    if (this.#granted === 0 || this.#gone) return
    writeFrame(out, FrameType.credit, 0, this.stream, this.#granted)
    this.#granted = 0
  }

  /** Sees to it that the end gets what is waited for, and what it may hold once half of that is used. */
  #fill(): void {
    if (this.#gone) return
    const { slots, chunk } = this.#side
    const room = this.#target - this.held
    const enough = this.awaited === 0 && room * 2 < this.#target
    const need = enough ? 0 : Math.max(this.awaited, Math.min(room, quantum))
    if (need === 0) {
      slots.unpark(this)
      this.need = 0
      return
    }
    if (this.list !== undefined) {
      slots.rethink(this, need)
    } else {
      this.need = need
      slots.park(this)
    }
    if (this.list === undefined) return
    this.#side.starved()
    if (chunk > 1 && this.awaited > 0 && this.#timer === undefined)
      this.#timer = setTimeout(() => this.#hurry(), chunkTime)
  }

  #hurry(): void {
    this.#timer = undefined
    if (this.list === undefined) return
    this.#impatient = true
    this.#side.slots.release(0)
  }
}
