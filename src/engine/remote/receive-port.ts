import type { EncodeContext } from '../../codec/handles.ts'
import { timedOut } from '../../core/interrupt.ts'
import type { ItemWaiter } from '../../core/item-queue.ts'
import type { ChannelStats, Delivery, ReceivePort, WaitOptions } from '../../core/ports.ts'
import type { SelectSource } from '../../core/select.ts'
import { Waiter } from '../../core/waiters.ts'
import { ChannelClosed, ChannelEmpty, ChannelLagged } from '../../errors.ts'
import { failed, type Result, success } from '../../result.ts'
import type { FrameReader } from '../../wire/frame.ts'
import type { Completion } from '../../wire/incomplete-items.ts'
import { ReceivedItem, ReceiverStream, type ReceiverStreamOwner } from '../../wire/receiver-stream.ts'
import { HandleKind } from '../../wire/token.ts'
import { askStats, attach, type ChannelHost, type ChannelIdentity } from './channel-host.ts'
import { engineLost } from './engine-lost.ts'
import { Held } from './held.ts'

/** The receiving end of a channel in a hub. Values are decoded when they are taken, each once. */
export class RemoteReceivePort<M> implements ReceivePort<M>, ReceiverStreamOwner {
  readonly capacity: number
  /** @internal */
  readonly stream: ReceiverStream
  /** @internal */
  readonly host: ChannelHost
  readonly #channel: ChannelIdentity
  readonly #kind: HandleKind
  #open = true
  /** What the next operations fail with. */
  readonly #failures: unknown[] = []

  constructor(host: ChannelHost, channel: ChannelIdentity, stream: number, kind: HandleKind = HandleKind.receiver) {
    this.host = host
    this.#channel = channel
    this.#kind = kind
    this.capacity = channel.capacity
    // Every broadcast receiver has items of its own; fetching few of them in advance keeps the count of missed ones honest.
    this.stream =
      kind === HandleKind.broadcastReceiver
        ? new ReceiverStream(host.connection, stream, this, {
            capacity: channel.capacity,
            window: Math.floor(channel.capacity / 4),
            keeps: true,
          })
        : new ReceiverStream(host.connection, stream, this, { capacity: channel.capacity })
  }

  /** What has been fetched and not taken. {@link stats} knows the whole. */
  get length(): number {
    return this.stream.queue.length
  }

  get acknowledged(): boolean {
    return this.#channel.ack
  }

  /** Whether this end has not been closed by its holder. */
  get isOpen(): boolean {
    return this.#open
  }

  get isClosed(): boolean {
    return !this.#open || (this.stream.queue.isEnded && this.stream.queue.length === 0 && this.#failures.length === 0)
  }

  recv(options: WaitOptions | undefined): Promise<M> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    try {
      if (this.#isReady) return Promise.resolve(this.take())
    } catch (error) {
      return Promise.reject(error)
    }
    if (this.isClosed) return Promise.reject(this.#closure())
    if (options?.timeout === 0) return this.#recvNow()
    const waiter = new WaitingRecv<M>(this)
    waiter.interruptBy(options, this.host.clock, 'recv')
    this.stream.park(waiter)
    return waiter.promise
  }

  tryRecv(): Result<M, ChannelEmpty | ChannelClosed> | Promise<Result<M, ChannelEmpty | ChannelClosed>> {
    if (this.#isReady) return this.#outcome()
    if (this.isClosed) return failed(this.#closure())
    return this.#probeOne()
  }

  async takeUpTo(max: number): Promise<M[]> {
    if (this.stream.queue.length < max && this.#failures.length === 0) await this.stream.probe(max)
    const messages: M[] = []
    try {
      while (messages.length < max && this.#isReady) messages.push(this.take())
    } catch (error) {
      if (messages.length === 0) throw error
      this.failLater(error)
    }
    if (messages.length === 0 && this.isClosed) throw this.#closure()
    return messages
  }

  failLater(error: unknown): void {
    this.#failures.unshift(error)
  }

  recvSource(): SelectSource<Result<M, ChannelClosed>> {
    return {
      ready: () => this.#isReady || this.isClosed,
      take: () => (this.#isReady ? this.#outcome() : failed(this.#closure())),
      probe: () => this.stream.probe(1),
      park: (win) => {
        const waiter = new SelectedRecv<M>(this, win)
        this.stream.park(waiter)
        return () => waiter.leave()
      },
    }
  }

  clone(): RemoteReceivePort<M> {
    if (!this.#open) throw this.#closure()
    return new RemoteReceivePort(this.host, this.#channel, attach(this.host, this.#channel.id, 'receiver'), this.#kind)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#failures.length = 0
    this.stream.close(new ChannelClosed('this receiver is closed'))
  }

  stats(): Promise<ChannelStats> {
    return askStats(this.host, this.#channel.id)
  }

  /** A clone of this end, for another thread. */
  encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    if (!this.#open) throw this.#closure()
    return this.host.export(context, this.#kind, this.#channel.id, this.#channel)
  }

  ended(body: FrameReader): unknown {
    const reason = body.position < body.end ? this.host.codec.decode(body.bytes, body.position, body.end) : undefined
    return reason ?? new ChannelClosed('the channel is closed: no sender is left')
  }

  lost(error: Error): unknown {
    return engineLost(this.host, this.#channel, error)
  }

  completion(item: ReceivedItem): Completion<ReceivedItem> | undefined {
    const { store } = this.host
    const { frame, start, end } = item
    const size = store?.sizeOf(frame.bytes, start, end)
    if (store === undefined || size === undefined) return undefined
    const complete = async (signal: AbortSignal) => {
      try {
        const bytes = await store.load(frame.bytes, start, end, signal)
        return new ReceivedItem({ ...frame, bytes }, item.index, 0, bytes.byteLength)
      } catch (cause) {
        return new ReceivedItem({ ...frame, failure: { cause } }, item.index, 0, 0)
      }
    }
    return { size, complete }
  }

  /** @internal Takes the first item, or fails as was left to it. Only when there is something. */
  take(): M {
    if (this.#failures.length > 0) throw this.#failures.shift()
    return this.present(this.stream.queue.tryTake() as ReceivedItem)
  }

  /** @internal What the user gets for an item. It counts as taken, even if it can not be decoded, or brought here. */
  present(item: ReceivedItem): M {
    const { frame } = item
    if (frame.missed > 0) throw new ChannelLagged({ missed: frame.missed })
    try {
      if (frame.failure !== undefined) throw frame.failure.cause
      // Before it counts as taken: the hub releases the handles inside once it does, and decoding claims them.
      const value = this.host.codec.decode(frame.bytes, item.start, item.end, frame)
      return (this.#channel.ack ? new RemoteDelivery(this.stream, item, value) : value) as M
    } finally {
      this.stream.took()
    }
  }

  get #isReady(): boolean {
    return this.stream.queue.length > 0 || this.#failures.length > 0
  }

  /** What can not be decoded, and what a broadcast receiver has missed, is an outcome like any other. */
  #outcome(): Result<M, ChannelClosed> {
    try {
      return success(this.take())
    } catch (error) {
      return failed(error as ChannelClosed)
    }
  }

  async #probeOne(): Promise<Result<M, ChannelEmpty | ChannelClosed>> {
    await this.stream.probe(1)
    if (this.#isReady) return this.#outcome()
    return failed(this.isClosed ? this.#closure() : new ChannelEmpty())
  }

  async #recvNow(): Promise<M> {
    const result = await this.#probeOne()
    if (result.ok) return result.value
    throw result.error instanceof ChannelEmpty ? timedOut('recv', 0) : result.error
  }

  #closure(): ChannelClosed {
    if (!this.#open) return new ChannelClosed('this receiver is closed')
    return closure(this.stream.queue.error)
  }
}

/** Each operation gets an error of its own. */
function closure(error: unknown): ChannelClosed {
  return error instanceof ChannelClosed
    ? new ChannelClosed(error.message, { cause: error.cause })
    : (error as ChannelClosed)
}

/** An item in acknowledged mode. */
class RemoteDelivery<T> implements Delivery<T> {
  readonly value: T
  readonly deliveryCount: number
  readonly #stream: ReceiverStream
  readonly #sequence: number
  #settled = false

  constructor(stream: ReceiverStream, item: ReceivedItem, value: T) {
    this.value = value
    this.deliveryCount = item.deliveries
    this.#stream = stream
    this.#sequence = item.sequence
  }

  ack(): void {
    this.#settle(false)
  }

  nack(): void {
    this.#settle(true)
  }

  #settle(refused: boolean): void {
    if (this.#settled) return
    this.#settled = true
    this.#stream.acknowledge(this.#sequence, refused)
  }
}

/** A `recv` that waits for an item. */
class WaitingRecv<M> extends Held<M> implements ItemWaiter<ReceivedItem> {
  readonly #port: RemoteReceivePort<M>

  constructor(port: RemoteReceivePort<M>) {
    super(port.host.connection)
    this.#port = port
  }

  deliver(item: ReceivedItem): void {
    try {
      this.succeed(this.#port.present(item))
    } catch (error) {
      this.fail(error)
    }
  }

  ended(error: unknown): void {
    this.fail(closure(error))
  }

  leave(): void {
    this.#port.stream.unpark(this)
  }
}

/** A receive as one case of a `select`, or the next step of an iteration. */
class SelectedRecv<M> extends Waiter implements ItemWaiter<ReceivedItem> {
  readonly #port: RemoteReceivePort<M>
  readonly #win: (outcome: Result<M, ChannelClosed>) => void

  constructor(port: RemoteReceivePort<M>, win: (outcome: Result<M, ChannelClosed>) => void) {
    super()
    this.#port = port
    this.#win = win
    port.host.connection.hold()
  }

  deliver(item: ReceivedItem): void {
    this.#port.host.connection.release()
    let outcome: Result<M, ChannelClosed>
    try {
      outcome = success(this.#port.present(item))
    } catch (error) {
      outcome = failed(error as ChannelClosed)
    }
    this.#win(outcome)
  }

  ended(error: unknown): void {
    this.#port.host.connection.release()
    this.#win(failed(closure(error)))
  }

  leave(): void {
    if (this.list === undefined) return
    this.#port.host.connection.release()
    this.#port.stream.unparkForNow(this)
  }
}
