import type { SlotPort } from '../../core/ports.ts'
import type { SlotWaiter } from '../../core/slots.ts'
import { Waiter, type WaiterList } from '../../core/waiters.ts'
import { type ChannelClosed, ChannelPartialSend } from '../../errors.ts'
import { done, failed, type Result } from '../../result.ts'
import type { Connection } from '../../wire/connection.ts'
import type { EncodedValue } from '../../wire/token.ts'
import { Held } from './held.ts'
import type { GatedMessage, StoredSender } from './send-gate.ts'
import type { RemoteSendPort } from './send-port.ts'

/** Credits that this one was to get, and those that it had got already, are for the next in line, or go back. */
function leaveLine(port: RemoteSendPort<never>, waiter: SlotWaiter, items: readonly EncodedValue[]): void {
  if (port.stream.credits.unpark(waiter)) port.stream.withdraw()
  letGo(port, items)
  port.leaveIfDone()
}

/** The handles inside items that are not sent after all. */
function letGo(port: RemoteSendPort<never>, items: readonly EncodedValue[]): void {
  for (const item of items) port.host.releaseTokens(item.tokens)
}

/** A `send` that waits for a credit, and then, if its message is large, for that to be stored. */
export class WaitingSend extends Held<void> implements SlotWaiter, StoredSender {
  need = 1
  readonly #port: RemoteSendPort<never>
  readonly #value: unknown
  readonly #item: EncodedValue
  #stored: GatedMessage | undefined

  constructor(port: RemoteSendPort<never>, value: unknown, item: EncodedValue) {
    super(port.host.connection)
    this.#port = port
    this.#value = value
    this.#item = item
  }

  granted(): void {
    this.#stored = this.#port.commitEncoded(this.#item, this)
    if (this.#stored === undefined) this.sent()
  }

  refused(): void {
    // What is being stored is let go of by whoever stores it.
    if (this.#stored === undefined) letGo(this.#port, [this.#item])
    this.fail(this.#port.refusal(this.#value))
  }

  sent(): void {
    this.succeed()
    this.#port.leaveIfDone()
  }

  failed(error: unknown): void {
    this.fail(error)
  }

  leave(): void {
    if (this.#stored === undefined) leaveLine(this.#port, this, [this.#item])
    else this.#port.cancelStored(this.#stored)
  }
}

/** A `sendBatch` that waits: for all its credits together if the capacity is large enough, else for one after the other. */
export class WaitingBatch extends Held<void> implements SlotWaiter, StoredSender {
  need: number
  readonly least: number | undefined
  readonly #port: RemoteSendPort<never>
  readonly #values: readonly unknown[]
  readonly #items: readonly EncodedValue[]
  #sent = 0
  /** Of its messages, those that have been stored, or are being so, and their places. */
  readonly #stored = new Map<GatedMessage, number>()
  #storing = 0

  constructor(port: RemoteSendPort<never>, values: readonly unknown[], items: readonly EncodedValue[]) {
    super(port.host.connection)
    this.#port = port
    this.#values = values
    this.#items = items
    this.need = items.length
    this.least = items.length > port.capacity ? 1 : undefined
  }

  granted(count: number): void {
    const end = this.#sent + count
    while (this.#sent < end) {
      const index = this.#sent++
      const stored = this.#port.commitEncoded(this.#items[index] as EncodedValue, this)
      if (stored === undefined) continue
      this.#stored.set(stored, index)
      this.#storing++
    }
    this.#succeedIfDone()
  }

  sent(): void {
    this.#storing--
    this.#succeedIfDone()
  }

  /** The others are sent all the same: they are in line. */
  failed(error: unknown): void {
    this.#storing--
    this.fail(error)
  }

  /** From the first on that has not been sent. */
  #unsent(): readonly unknown[] {
    let first = this.#sent
    for (const [stored, index] of this.#stored) if (stored.state !== 'sent') first = Math.min(first, index)
    return this.#values.slice(first)
  }

  #succeedIfDone(): void {
    if (this.need > 0 || this.#storing > 0) return
    this.succeed()
    this.#port.leaveIfDone()
  }

  refused(): void {
    letGo(this.#port, this.#items.slice(this.#sent))
    this.fail(this.#port.refusal(this.#unsent()))
  }

  leave(): void {
    leaveLine(this.#port, this, this.#items.slice(this.#sent))
    for (const stored of this.#stored.keys()) this.#port.cancelStored(stored)
  }

  override interrupted(error: unknown): unknown {
    if (this.#sent === 0) return error
    return new ChannelPartialSend({ sent: this.#sent, unsent: this.#values.slice(this.#sent), cause: error })
  }
}

/** A `reserve` that waits for a credit. */
export class WaitingReserve<T> extends Held<SlotPort<T>> implements SlotWaiter {
  need = 1
  readonly #port: RemoteSendPort<T>

  constructor(port: RemoteSendPort<T>) {
    super(port.host.connection)
    this.#port = port
  }

  granted(): void {
    this.#port.permitGiven()
    this.succeed(new RemoteSlot(this.#port))
  }

  refused(): void {
    this.fail(this.#port.refusal(undefined))
  }

  leave(): void {
    leaveLine(this.#port as unknown as RemoteSendPort<never>, this, [])
  }
}

/** One credit that was given out. It keeps the end open until it is used or given back. */
class RemoteSlot<T> implements SlotPort<T> {
  readonly #port: RemoteSendPort<T>

  constructor(port: RemoteSendPort<T>) {
    this.#port = port
  }

  send(value: T): Promise<void> | undefined {
    const port = this.#port
    port.permitEnded()
    if (port.stream.credits.isClosed) {
      throw port.refusal(value)
    }
    try {
      return port.commitValue(value)
    } catch (error) {
      port.stream.giveBack(1)
      throw error
    } finally {
      port.leaveIfDone()
    }
  }

  release(): void {
    this.#port.permitEnded()
    this.#port.stream.giveBack(1)
    this.#port.leaveIfDone()
  }
}

/** A send as one case of a `select`. */
export class SelectedSend extends Waiter implements SlotWaiter {
  need = 1
  readonly #port: RemoteSendPort<never>
  readonly #value: unknown
  readonly #item: EncodedValue
  readonly #win: (outcome: Result<void, ChannelClosed>) => void

  constructor(
    port: RemoteSendPort<never>,
    value: unknown,
    item: EncodedValue,
    win: (outcome: Result<void, ChannelClosed>) => void,
  ) {
    super()
    this.#port = port
    this.#value = value
    this.#item = item
    this.#win = win
    port.host.connection.hold()
  }

  granted(): void {
    this.#port.host.connection.release()
    // The other cases leave first: one of them may wait for this very item. The end stays open until it is sent.
    this.#port.permitGiven()
    this.#win(done)
    this.#port.commitEncoded(this.#item)
    this.#port.permitEnded()
    this.#port.leaveIfDone()
  }

  refused(): void {
    this.#port.host.connection.release()
    letGo(this.#port, [this.#item])
    this.#win(failed(this.#port.refusal(this.#value)))
  }

  leave(): void {
    if (this.list === undefined) return
    this.#port.host.connection.release()
    leaveLine(this.#port, this, [this.#item])
  }
}

/** A send that has its credit, while its message is being stored. */
export class StoredSend extends Held<void> implements StoredSender {
  readonly #port: RemoteSendPort<never>
  readonly #unsent: () => unknown
  readonly #stored: GatedMessage

  /** `unsent` is what the sender gets back when it is refused. */
  constructor(port: RemoteSendPort<never>, item: EncodedValue, unsent: () => unknown) {
    super(port.host.connection)
    this.#port = port
    this.#unsent = unsent
    // Never undefined: it is too large for anything else.
    this.#stored = port.commitEncoded(item, this) as GatedMessage
  }

  sent(): void {
    this.succeed()
    this.#port.leaveIfDone()
  }

  failed(error: unknown): void {
    this.fail(error)
  }

  refused(): void {
    this.fail(this.#port.refusal(this.#unsent()))
  }

  leave(): void {
    this.#port.cancelStored(this.#stored)
  }
}

/** A `closed` that waits for the last receiver to close. */
export class Closed extends Held<void> {
  readonly #list: WaiterList<Closed>

  constructor(connection: Connection, list: WaiterList<Closed>) {
    super(connection)
    this.#list = list
  }

  leave(): void {
    this.#list.remove(this)
  }
}
