import type { EncodeContext } from '../../codec/handles.ts'
import { Holders } from '../../core/holders.ts'
import type { BroadcastReceivePort, BroadcastSendPort, WaitOptions } from '../../core/ports.ts'
import type { SelectSource } from '../../core/select.ts'
import { ChannelClosed, type ChannelEmpty, type ChannelLagged } from '../../errors.ts'
import { failed, type Result, success } from '../../result.ts'
import { HandleKind } from '../../wire/token.ts'
import { attach, type ChannelHost, type ChannelIdentity } from './channel-host.ts'
import { holding } from './held.ts'
import { RemoteReceivePort } from './receive-port.ts'
import { RemoteSendPort } from './send-port.ts'

/** The sending end of a broadcast in a hub. */
export class RemoteBroadcastSendPort<T> implements BroadcastSendPort<T> {
  readonly #port: CountingSendPort<T>

  constructor(host: ChannelHost, channel: ChannelIdentity, stream: number) {
    this.#port = new CountingSendPort(host, channel, stream, HandleKind.broadcastSender)
  }

  get capacity(): number {
    return this.#port.capacity
  }

  /** As the hub last said. */
  get receiverCount(): number {
    return this.#port.receivers.count
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  send(value: T): Result<number, ChannelClosed> | Promise<Result<number, ChannelClosed>> {
    if (this.isClosed) return failed(this.#port.refusal(value))
    if (!this.#port.hasCredit) return this.#sendLater(value)
    this.#port.trySend(value)
    return success(this.receiverCount)
  }

  async subscribe(): Promise<BroadcastReceivePort<T>> {
    if (this.isClosed) throw this.#port.refusal(undefined)
    return subscribe(this.#port.host, this.#port.channel)
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#port.receiversGone(options)
  }

  clone(): RemoteBroadcastSendPort<T> {
    if (this.isClosed) throw this.#port.refusal(undefined)
    const { host, channel } = this.#port
    return new RemoteBroadcastSendPort(host, channel, attach(host, channel.id, 'sender'))
  }

  close(): void {
    this.#port.close()
  }

  encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    return this.#port.encodeHandle(context)
  }

  async #sendLater(value: T): Promise<Result<number, ChannelClosed>> {
    try {
      await this.#port.send(value, undefined)
      return success(this.receiverCount)
    } catch (error) {
      if (error instanceof ChannelClosed) return failed(error)
      throw error
    }
  }
}

/** A send port that knows how many receive. */
export class CountingSendPort<T> extends RemoteSendPort<T> {
  readonly receivers = new Holders(0)

  get hasCredit(): boolean {
    return this.stream.credits.available > 0 && this.stream.credits.waiting === 0
  }

  holders(count: number): void {
    while (this.receivers.count < count) this.receivers.add()
    while (this.receivers.count > count) this.receivers.remove()
  }

  /** Settles when nobody receives, or this end is closed. */
  receiversGone(options: WaitOptions | undefined): Promise<void> {
    if (this.isClosed) return Promise.resolve()
    return holding(this.host.connection, this.receivers.gone(this, options, this.host.clock))
  }

  override close(): void {
    this.receivers.stopAsking(this)
    super.close()
  }

  override lost(error: Error, unconfirmed: number): void {
    super.lost(error, unconfirmed)
    this.receivers.stopAsking(this)
  }
}

/** A new receiver, once the hub counts it. */
export async function subscribe<T>(
  host: ChannelHost,
  channel: ChannelIdentity,
  like?: number,
): Promise<RemoteBroadcastReceivePort<T>> {
  const stream = host.connection.nextStream()
  const port = new RemoteBroadcastReceivePort<T>(host, channel, stream)
  await host.connection.request('channel.attach', { id: channel.id, side: 'receiver', stream, like })
  return port
}

/** One receiver of a broadcast in a hub. */
export class RemoteBroadcastReceivePort<T> implements BroadcastReceivePort<T> {
  readonly #host: ChannelHost
  readonly #channel: ChannelIdentity
  readonly #port: RemoteReceivePort<T>

  constructor(host: ChannelHost, channel: ChannelIdentity, stream: number) {
    this.#host = host
    this.#channel = channel
    this.#port = new RemoteReceivePort(host, channel, stream, HandleKind.broadcastReceiver)
  }

  get capacity(): number {
    return this.#port.capacity
  }

  get length(): number {
    return this.#port.length
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  recv(options: WaitOptions | undefined): Promise<T> {
    return this.#port.recv(options)
  }

  tryRecv() {
    return this.#port.tryRecv() as
      | Result<T, ChannelEmpty | ChannelLagged | ChannelClosed>
      | Promise<Result<T, ChannelEmpty | ChannelLagged | ChannelClosed>>
  }

  recvSource(): SelectSource<Result<T, ChannelLagged | ChannelClosed>> {
    return this.#port.recvSource()
  }

  async subscribe(): Promise<RemoteBroadcastReceivePort<T>> {
    if (!this.#port.isOpen) throw new ChannelClosed('this receiver is closed')
    return subscribe(this.#host, this.#channel)
  }

  async clone(): Promise<RemoteBroadcastReceivePort<T>> {
    if (!this.#port.isOpen) throw new ChannelClosed('this receiver is closed')
    return subscribe(this.#host, this.#channel, this.#port.stream.number)
  }

  close(): void {
    this.#port.close()
  }

  encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    return this.#port.encodeHandle(context)
  }
}
