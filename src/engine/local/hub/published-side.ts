import { Slots } from '../../../core/slots.ts'
import type { Connection } from '../../../wire/connection.ts'
import type { FrameReader } from '../../../wire/frame.ts'
import type { Item } from './item.ts'
import type { ChannelKeeper } from './mpmc-channel.ts'
import { readItems } from './read-items.ts'
import { SenderEnd, type SendingSide } from './sender-end.ts'

/** Items that a sender may have under way to the hub. They wait for nobody: this only bounds the pipe. */
const pipeCapacity = 1024

/** The sending side of a channel whose sends never wait for receivers: broadcast and watch. */
export class PublishedSide implements SendingSide {
  readonly slots = new Slots(pipeCapacity)
  readonly chunk = 1
  readonly #ends = new Set<SenderEnd>()
  readonly #publish: (item: Item) => void
  readonly #changed: () => void
  #accepted = 0
  #holds = 0

  /** `changed` is told when a holder has come or gone. */
  constructor(publish: (item: Item) => void, changed: () => void) {
    this.#publish = publish
    this.#changed = changed
  }

  /** Ends and tokens. */
  get holds(): number {
    return this.#holds
  }

  get accepted(): number {
    return this.#accepted
  }

  get allowance(): number {
    return Math.floor(pipeCapacity / (2 * Math.max(1, this.#ends.size)))
  }

  hold(): void {
    this.#holds++
  }

  release(): void {
    this.#holds--
    this.#changed()
  }

  add(connection: Connection, stream: number, receivers: number): void {
    this.hold()
    const end = new SenderEnd(connection, stream, this)
    this.#ends.add(end)
    end.tellHolders(receivers)
  }

  tellHolders(receivers: number): void {
    for (const end of this.#ends) end.tellHolders(receivers)
  }

  end(keeper: ChannelKeeper, error: Error): void {
    for (const end of [...this.#ends]) {
      this.#ends.delete(end)
      end.end((out) => keeper.writeEnded(out, end.stream, error))
    }
  }

  accept(frame: FrameReader): number {
    const count = readItems(frame, this.#accepted, this.#publish)
    this.#accepted += count
    this.slots.release(count)
    return count
  }

  attempt(end: SenderEnd, count: number): void {
    end.answerAttempt(this.slots.tryAcquire(count) ? count : 0)
  }

  starved(): void {
    for (const end of this.#ends) if (end.held > 0 && end.list === undefined) end.recall()
  }

  recalled(): void {}

  senderGone(end: SenderEnd): void {
    this.#ends.delete(end)
    this.release()
  }
}
