import type { EncodeContext } from '../../codec/handles.ts'
import { timedOut } from '../../core/interrupt.ts'
import type { ChannelStats, SendPort, SlotPort, WaitOptions } from '../../core/ports.ts'
import type { SelectSource } from '../../core/select.ts'
import { WaiterList } from '../../core/waiters.ts'
import { ChannelClosed, ChannelFull, SerializationError } from '../../errors.ts'
import { done, failed, type Result } from '../../result.ts'
import type { FrameReader } from '../../wire/frame.ts'
import { SenderStream, type SenderStreamOwner } from '../../wire/sender-stream.ts'
import { type EncodedValue, HandleKind } from '../../wire/token.ts'
import { movesBuffers } from '../transfer.ts'
import { askStats, attach, type ChannelHost, type ChannelIdentity, type MessageStore } from './channel-host.ts'
import { engineLost } from './engine-lost.ts'
import { type GatedMessage, SendGate, type StoredSender } from './send-gate.ts'
import { Closed, SelectedSend, StoredSend, WaitingBatch, WaitingReserve, WaitingSend } from './send-waiters.ts'
import { encodeTransit, transitContext } from './transit.ts'

/** Every send that succeeds at once returns this promise. */
const sent: Promise<void> = Promise.resolve()

/** The sending end of a channel in a hub. */
export class RemoteSendPort<T> implements SendPort<T>, SenderStreamOwner {
  readonly capacity: number
  /** @internal */
  readonly stream: SenderStream
  /** @internal */
  readonly host: ChannelHost
  /** @internal */
  readonly channel: ChannelIdentity
  readonly #kind: HandleKind
  readonly #watchers = new WaiterList<Closed>()
  /** Encoded messages of more bytes than that are stored elsewhere. */
  readonly #threshold: number
  readonly #gate: SendGate
  #context: ReturnType<typeof transitContext>
  #open = true
  #left = false
  #permits = 0
  #failure: Error | undefined

  constructor(host: ChannelHost, channel: ChannelIdentity, stream: number, kind: HandleKind = HandleKind.sender) {
    this.host = host
    this.channel = channel
    this.#kind = kind
    this.capacity = channel.capacity
    this.#context = transitContext(host.releaseTokens)
    const { store } = host
    this.#threshold = store?.threshold ?? Number.POSITIVE_INFINITY
    this.#gate = new SendGate({
      write: (item) => this.#write(item),
      store: (item, signal) => (store as MessageStore).store(item, signal),
      release: (item) => host.releaseTokens(item.tokens),
      unused: () => this.stream.giveBack(1),
      emptied: () => this.leaveIfDone(),
    })
    this.stream = new SenderStream(host.connection, stream, channel.capacity, this)
  }

  /** What this end has sent and the hub has not taken in yet. {@link stats} knows the whole. */
  get length(): number {
    return this.stream.batched + this.#gate.length
  }

  get isClosed(): boolean {
    return !this.#open || this.#failure !== undefined
  }

  send(value: T, options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.refusal(value))
    try {
      if (this.stream.credits.tryAcquire()) {
        return this.#commit(value, options)
      }
      if (options?.timeout === 0) return this.#sendNow(value)
      const waiter = new WaitingSend(this, value, this.encode(value))
      waiter.interruptBy(options, this.host.clock, 'send')
      this.stream.credits.park(waiter)
      this.stream.ask()
      return waiter.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  trySend(value: T): Result<void, ChannelFull | ChannelClosed> | Promise<Result<void, ChannelFull | ChannelClosed>> {
    if (this.isClosed) return failed(this.refusal(value))
    if (!this.stream.credits.tryAcquire()) return this.#attempt([value], value)
    const sending = this.#commit(value)
    return sending === sent ? done : sending.then(() => done)
  }

  sendBatch(values: readonly T[], options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.refusal(values))
    try {
      if (values.length === 0) return sent
      if (this.stream.credits.tryAcquire(values.length)) {
        return this.#commitAll(values, options)
      }
      if (options?.timeout === 0) return this.#sendBatchNow(values)
      const waiter = new WaitingBatch(
        this,
        values.slice(),
        values.map((value) => this.encode(value)),
      )
      waiter.interruptBy(options, this.host.clock, 'sendBatch')
      // Credits that lie about here could be what another sender's batch waits for.
      this.stream.returnIdle()
      this.stream.credits.park(waiter)
      this.stream.ask()
      return waiter.promise
    } catch (error) {
      return Promise.reject(error)
    }
  }

  trySendBatch(
    values: readonly T[],
  ): Result<void, ChannelFull | ChannelClosed> | Promise<Result<void, ChannelFull | ChannelClosed>> {
    if (this.isClosed) return failed(this.refusal(values))
    if (values.length === 0) return done
    if (!this.stream.credits.tryAcquire(values.length)) return this.#attempt(values, values)
    const sending = this.#commitAll(values)
    return sending === sent ? done : sending.then(() => done)
  }

  reserve(options: WaitOptions | undefined): Promise<SlotPort<T>> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return Promise.reject(this.refusal(undefined))
    if (options?.timeout === 0) return this.#reserveNow()
    const waiter = new WaitingReserve(this)
    if (this.stream.credits.tryAcquire()) {
      waiter.granted()
    } else {
      waiter.interruptBy(options, this.host.clock, 'reserve')
      this.stream.credits.park(waiter)
      this.stream.ask()
    }
    return waiter.promise
  }

  sendSource(value: T): SelectSource<Result<void, ChannelClosed>> {
    const { credits } = this.stream
    return {
      ready: () => this.isClosed || (credits.available !== 0 && credits.waiting === 0),
      take: () => {
        if (this.isClosed || !credits.tryAcquire()) return failed(this.refusal(value))
        this.#commitInline(value)
        return done
      },
      probe: async () => {
        if (this.isClosed || credits.available > 0) return
        // What an attempt brings is here as a credit until it is used, or has gone back as surplus.
        if (await this.stream.attempt(1)) credits.release(1)
      },
      park: (win) => {
        const waiter = new SelectedSend(this, value, this.#encodeInline(value), win)
        credits.park(waiter)
        if (waiter.list !== undefined) this.stream.ask()
        return () => waiter.leave()
      },
    }
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.isClosed) return sent
    if (options?.timeout === 0) return Promise.reject(timedOut('closed', 0))
    const waiter = new Closed(this.host.connection, this.#watchers)
    waiter.interruptBy(options, this.host.clock, 'closed')
    this.#watchers.push(waiter)
    return waiter.promise
  }

  clone(): RemoteSendPort<T> {
    if (!this.#open) throw this.refusal(undefined)
    return new RemoteSendPort(this.host, this.channel, attach(this.host, this.channel.id, 'sender'), this.#kind)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#tellWatchers()
    this.leaveIfDone()
  }

  stats(): Promise<ChannelStats> {
    return askStats(this.host, this.channel.id)
  }

  /** A clone of this end, for another thread. */
  encodeHandle(context: EncodeContext, extra?: unknown): { kind: number; body: unknown } {
    if (!this.#open) throw this.refusal(undefined)
    const detail = extra === undefined ? this.channel : [this.channel, extra]
    return this.host.export(context, this.#kind, this.channel.id, detail)
  }

  ended(body: FrameReader): void {
    const reason = body.position < body.end ? this.host.codec.decode(body.bytes, body.position, body.end) : undefined
    this.#fail(reason instanceof Error ? reason : new ChannelClosed('the channel is closed: no receiver is left'))
  }

  lost(error: Error, unconfirmed: number): void {
    this.#fail(engineLost(this.host, this.channel, error, unconfirmed + this.#gate.length))
  }

  /**
   * @internal Sends a value that has been encoded, under a credit that is held.
   *
   * @param sender who waits for a large one to be stored; without, it goes through the hub by itself
   * @returns what is being stored; undefined when it has been sent, or stands in line
   */
  commitEncoded(item: EncodedValue, sender?: StoredSender): GatedMessage | undefined {
    if (sender !== undefined && item.bytes.byteLength > this.#threshold) return this.#gate.store(item, sender)
    if (this.#gate.length > 0) this.#gate.add(item)
    else this.#write(item)
    return undefined
  }

  /** @internal Sends a value under a credit that is held. */
  commitValue(value: unknown): Promise<void> | undefined {
    const item = this.encode(value)
    if (item.bytes.byteLength > this.#threshold) return new StoredSend(this, item, () => value).promise
    this.commitEncoded(item)
    return undefined
  }

  /** @internal The message is not sent after all. */
  cancelStored(message: GatedMessage): void {
    this.#gate.cancel(message)
  }

  #write(item: EncodedValue): void {
    const { payload } = this.stream
    const start = payload.position
    payload.reserve(item.bytes.byteLength)
    payload.bytes.set(item.bytes, start)
    payload.position = start + item.bytes.byteLength
    if (item.attachments === undefined && item.tokens === undefined) this.stream.commit(start)
    else this.stream.commitAlone(start, item.attachments ?? [], item.tokens ?? [])
  }

  /** @internal */
  encode(value: unknown): EncodedValue {
    return encodeTransit(this.host.codec, value, 'message', this.host.releaseTokens)
  }

  /** @internal An error of its own for each operation, with what was not sent; the engine's failure if that is why. */
  refusal(value: unknown): ChannelClosed {
    if (this.#failure === undefined) return new ChannelClosed('this sender is closed', { value })
    if (!(this.#failure instanceof ChannelClosed)) return this.#failure as ChannelClosed
    return new ChannelClosed(this.#failure.message, { value, cause: this.#failure.cause })
  }

  /** @internal */
  permitGiven(): void {
    this.#permits++
  }

  /** @internal */
  permitEnded(): void {
    this.#permits--
  }

  /** @internal Tells the hub that the end is closed, once nothing that was promised room is outstanding. */
  leaveIfDone(): void {
    if (this.#open || this.#left || this.#permits > 0 || this.stream.credits.waiting > 0) return
    if (this.#gate.length > 0) return
    this.#left = true
    this.stream.close()
  }

  #commit(value: unknown, options?: WaitOptions): Promise<void> {
    const { stream } = this
    const context = this.#context
    const start = stream.payload.position
    try {
      if (movesBuffers(value)) return this.#send(this.encode(value), () => value, options)
      this.host.codec.encodeInto(stream.payload, value, context, 'message')
    } catch (error) {
      stream.giveBack(1)
      this.#context = transitContext(this.host.releaseTokens)
      throw error
    }
    const { attachments, handles } = context
    const isPlain = handles.length === 0 && attachments.length === 0
    if (!isPlain) this.#context = transitContext(this.host.releaseTokens)
    if (stream.payload.position - start > this.#threshold || this.#gate.length > 0) {
      const bytes = stream.payload.bytes.slice(start, stream.payload.position)
      stream.payload.position = start
      return this.#send(isPlain ? { bytes } : { bytes, attachments, tokens: handles }, () => value, options)
    }
    if (isPlain) stream.commit(start)
    else stream.commitAlone(start, attachments, handles)
    return sent
  }

  /** Sends what has been encoded, under a credit that is held. */
  #send(item: EncodedValue, unsent: () => unknown, options: WaitOptions | undefined): Promise<void> {
    if (item.bytes.byteLength <= this.#threshold) {
      this.commitEncoded(item)
      return sent
    }
    const sending = new StoredSend(this, item, unsent)
    // A timeout of 0 is for the slot, which it has.
    const timeout = options?.timeout === 0 ? undefined : options?.timeout
    sending.interruptBy({ timeout, signal: options?.signal }, this.host.clock, 'send')
    return sending.promise
  }

  /** Sends a value that can not wait for being stored. */
  #commitInline(value: unknown): void {
    try {
      this.commitEncoded(this.#encodeInline(value))
    } catch (error) {
      this.stream.giveBack(1)
      throw error
    }
  }

  #encodeInline(value: unknown): EncodedValue {
    const item = this.encode(value)
    const most = this.host.store?.largestInline ?? Number.POSITIVE_INFINITY
    const { byteLength } = item.bytes
    if (byteLength <= most) return item
    this.host.releaseTokens(item.tokens)
    throw new SerializationError(
      `message: ${byteLength} bytes are too many for a case of select, which takes ${most}: use send`,
      {
        path: 'message',
      },
    )
  }

  /** All of a batch is encoded before any of it is sent, since it is accepted as a whole. */
  #commitAll(values: readonly T[], options?: WaitOptions): Promise<void> {
    let items: EncodedValue[]
    try {
      items = values.map((value) => this.encode(value))
    } catch (error) {
      this.stream.giveBack(values.length)
      throw error
    }
    return this.#sendAll(items, (index) => values.slice(index), options)
  }

  #sendAll(
    items: readonly EncodedValue[],
    unsent: (index: number) => unknown,
    options: WaitOptions | undefined,
  ): Promise<void> {
    const sending = items
      .map((item, index) => this.#send(item, () => unsent(index), options))
      .filter((each) => each !== sent)
    return sending.length === 0 ? sent : Promise.all(sending).then(() => undefined)
  }

  async #attempt(values: readonly T[], given: unknown): Promise<Result<void, ChannelFull | ChannelClosed>> {
    const items = values.map((value) => this.encode(value))
    if (await this.stream.attempt(items.length)) {
      await this.#sendAll(items, (index) => (given === values ? values.slice(index) : given), undefined)
      return done
    }
    for (const item of items) this.host.releaseTokens(item.tokens ?? [])
    if (this.isClosed) return failed(this.refusal(given))
    return failed(
      new ChannelFull(`the channel has no room for ${items.length} more; its capacity is ${this.capacity}`, {
        capacity: this.capacity,
        value: given,
      }),
    )
  }

  async #sendNow(value: T): Promise<void> {
    const result = await this.#attempt([value], value)
    if (!result.ok) throw result.error instanceof ChannelFull ? timedOut('send', 0) : result.error
  }

  async #sendBatchNow(values: readonly T[]): Promise<void> {
    const result = await this.#attempt(values, values)
    if (!result.ok) throw result.error instanceof ChannelFull ? timedOut('sendBatch', 0) : result.error
  }

  async #reserveNow(): Promise<SlotPort<T>> {
    if (!(await this.stream.attempt(1))) throw this.isClosed ? this.refusal(undefined) : timedOut('reserve', 0)
    const waiter = new WaitingReserve<T>(this)
    waiter.granted()
    return waiter.promise
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.stream.credits.close(error)
    this.#gate.close()
    this.#tellWatchers()
  }

  #tellWatchers(): void {
    for (let waiter = this.#watchers.shift(); waiter !== undefined; waiter = this.#watchers.shift()) waiter.succeed()
  }
}
