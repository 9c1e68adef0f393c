import type { ByteWriter } from '../../../codec/byte-writer.ts'
import type { SlotWaiter, Slots } from '../../../core/slots.ts'
import { Waiter } from '../../../core/waiters.ts'
import type { Batch, Connection, FrameSink } from '../../../wire/connection.ts'
import { FrameFlag, type FrameReader, FrameType, writeFrame } from '../../../wire/frame.ts'

/** What a sending end belongs to. */
export interface SendingSide {
  readonly slots: Slots
  /** How many slots an end may hold beyond what it waits for. */
  readonly allowance: number
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

/** A sending end of a channel, in the hub: the credits that it holds, and its place in line. */
export class SenderEnd extends Waiter implements FrameSink, Batch, SlotWaiter {
  readonly connection: Connection
  readonly stream: number
  need = 0
  readonly least = 1
  /** Slots granted and neither used nor given back. */
  held = 0
  /** Slots that somebody at the other end waits for. */
  awaited = 0
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
        return
      case FrameType.want: {
        const count = frame.u32()
        const extra = frame.u32()
        if ((frame.flags & FrameFlag.attempt) !== 0) side.attempt(this, count)
        else this.#want(count, Math.min(extra, Math.max(0, side.allowance - this.held)))
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

  connectionLost(): void {
    this.leave()
  }

  granted(count: number): void {
    this.held += count
    this.awaited = Math.max(0, this.awaited - count)
    this.#granted += count
    if (!this.#batched) {
      this.#batched = true
      this.connection.addBatch(this)
    }
    this.connection.wrote()
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
    this.connection.write(FrameType.recallCredit, 0, this.stream)
  }

  /** Nobody receives any more. `write` adds the reason. */
  end(write: (out: ByteWriter) => void): void {
    if (this.#gone) return
    this.#gone = true
    this.#side.slots.unpark(this)
    this.connection.removeStream(this.stream)
    write(this.connection.out)
    this.connection.wrote()
  }

  /** The holder has closed the end, or is gone. */
  leave(): void {
    if (this.#gone) return
    this.#gone = true
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

  #want(count: number, extra: number): void {
    if (count + extra === 0) return
    this.awaited += count
    this.need += count + extra
    if (this.list === undefined) this.#side.slots.park(this)
    if (this.need > 0) this.#side.starved()
  }
}
