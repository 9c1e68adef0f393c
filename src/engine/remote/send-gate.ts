import { RingBuffer } from '../../core/ring-buffer.ts'
import type { EncodedValue } from '../../wire/token.ts'

/** Who sends a message that is stored first. Told once, unless it cancels. */
export interface StoredSender {
  sent(): void
  failed(error: unknown): void
  /** Nobody receives any more, or the hub is gone. */
  refused(): void
}

/** A message in its place, until it has been sent. */
export interface GatedMessage {
  /** What is to be sent; undefined while it is being stored. */
  item: EncodedValue | undefined
  state: 'waiting' | 'sent' | 'dropped'
  readonly sender: StoredSender | undefined
  readonly controller: AbortController | undefined
}

/** What a gate asks of the end that it belongs to. */
export interface GateOwner {
  write(item: EncodedValue): void
  /** Stores a message elsewhere; what is sent instead. */
  store(item: EncodedValue, signal: AbortSignal): Promise<EncodedValue>
  /** Lets go of the handles in a message that is not sent after all. */
  release(item: EncodedValue): void
  /** A message was not sent: its credit is free. */
  unused(): void
  /** Nothing waits any more. */
  emptied(): void
}

/** Keeps the messages of one sending end in order while some of them are stored elsewhere first: what comes behind those waits. */
export class SendGate {
  readonly #owner: GateOwner
  readonly #messages = new RingBuffer<GatedMessage>()

  constructor(owner: GateOwner) {
    this.#owner = owner
  }

  /** Messages that have not been sent, and those that will not be but stand before them. */
  get length(): number {
    return this.#messages.length
  }

  /** Sends behind everything that waits. */
  add(item: EncodedValue): void {
    this.#messages.pushBack({ item, state: 'waiting', sender: undefined, controller: undefined })
  }

  /** Stores the message, then sends what stands for it, in this place. */
  store(item: EncodedValue, sender: StoredSender): GatedMessage {
    const controller = new AbortController()
    const message: GatedMessage = { item: undefined, state: 'waiting', sender, controller }
    this.#messages.pushBack(message)
    this.#owner.store(item, controller.signal).then(
      (stored) => {
        if (message.state !== 'waiting') {
          this.#owner.release(stored)
          return
        }
        message.item = stored
        this.#advance()
      },
      (error: unknown) => {
        this.#owner.release(item)
        if (message.state !== 'waiting') return
        message.state = 'dropped'
        this.#owner.unused()
        sender.failed(error)
        this.#advance()
      },
    )
    return message
  }

  /** It is not sent after all. False if it has been. */
  cancel(message: GatedMessage): boolean {
    if (message.state !== 'waiting') return false
    this.#drop(message)
    this.#owner.unused()
    this.#advance()
    return true
  }

  /** Nothing more can be sent. Those who wait for a message of theirs to be stored are refused. */
  close(): void {
    for (let message = this.#messages.popFront(); message !== undefined; message = this.#messages.popFront()) {
      if (message.state !== 'waiting') continue
      this.#drop(message)
      message.sender?.refused()
    }
  }

  #drop(message: GatedMessage): void {
    message.state = 'dropped'
    message.controller?.abort()
    if (message.item !== undefined) this.#owner.release(message.item)
  }

  #advance(): void {
    const before = this.#messages.length
    for (let first = this.#messages.at(0); first !== undefined; first = this.#messages.at(0)) {
      if (first.state === 'waiting') {
        if (first.item === undefined) break
        first.state = 'sent'
        this.#owner.write(first.item)
        first.sender?.sent()
      }
      this.#messages.popFront()
    }
    if (before > 0 && this.#messages.length === 0) this.#owner.emptied()
  }
}
