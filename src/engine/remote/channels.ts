import { HandleKind, type Token } from '../../wire/token.ts'
import type { ChannelEngine, ChannelHandles, ChannelInfo, ChannelSpec } from '../channel-engine.ts'
import { RemoteBroadcastReceivePort, RemoteBroadcastSendPort } from './broadcast-ports.ts'
import { attach, type ChannelHost, type ChannelIdentity } from './channel-host.ts'
import { RemoteOneshotReceivePort, RemoteOneshotSendPort } from './oneshot-ports.ts'
import { RemoteReceivePort } from './receive-port.ts'
import { RemoteSendPort } from './send-port.ts'
import { encodeTransit, type HandleFactory } from './transit.ts'
import { RemoteWatchReceivePort, RemoteWatchSendPort } from './watch-ports.ts'
import { type WatchImage, WatchReplica } from './watch-replica.ts'

/** What a thread needs so that channel ends can arrive in values. */
export interface ChannelArrivals extends ChannelHost {
  handleFactory(kind: HandleKind, factory: HandleFactory): void
  claim(token: Token, stream: number): void
}

/** The channels that a hub keeps, seen from one thread or process. */
export class RemoteChannels implements ChannelEngine {
  readonly #host: ChannelArrivals

  constructor(host: ChannelArrivals, handles: ChannelHandles) {
    this.#host = host
    this.#receiveHandles(handles)
  }

  async open(spec: ChannelSpec) {
    const channel = identity(spec)
    const send = new RemoteSendPort<unknown>(this.#host, channel, this.#stream())
    const receive = new RemoteReceivePort<unknown>(this.#host, channel, this.#stream())
    await this.#open(channel, { spec, sender: send.stream.number, receiver: receive.stream.number })
    return { send, receive }
  }

  async openOneshot(spec: ChannelSpec) {
    const channel = identity(spec)
    const send = new RemoteSendPort<unknown>(this.#host, channel, this.#stream(), HandleKind.oneshotSender)
    const receive = new RemoteOneshotReceivePort<unknown>(
      this.#host,
      channel,
      this.#stream(),
      HandleKind.oneshotReceiver,
    )
    await this.#open(channel, { spec, sender: send.stream.number, receiver: receive.stream.number })
    return { send: new RemoteOneshotSendPort(send), receive }
  }

  async openBroadcast(spec: ChannelSpec) {
    const channel = identity(spec)
    const sender = this.#stream()
    const receiver = this.#stream()
    const send = new RemoteBroadcastSendPort<unknown>(this.#host, channel, sender)
    const receive = new RemoteBroadcastReceivePort<unknown>(this.#host, channel, receiver)
    await this.#open(channel, { spec, sender, receiver })
    return { send, receive }
  }

  async openWatch(spec: ChannelSpec, initial: unknown) {
    const host = this.#host
    const channel = identity(spec)
    const sender = this.#stream()
    const follower = WatchReplica.empty<unknown>(host, channel, this.#stream())
    const replica = WatchReplica.empty<unknown>(host, channel, this.#stream())
    const send = new RemoteWatchSendPort<unknown>(host, channel, sender, follower)
    const { bytes, attachments, tokens } = encodeTransit(host.codec, initial, 'initial', host.releaseTokens)
    await this.#open(
      channel,
      {
        spec,
        sender,
        follower: follower.stream,
        receiver: replica.stream,
        initial: { bytes, tokens, count: attachments?.length ?? 0 },
      },
      attachments,
    )
    await Promise.all([follower.arrived, replica.arrived])
    return { send, receive: new RemoteWatchReceivePort<unknown>(host, channel, replica, replica.observe(false)) }
  }

  async find(name: string, namespace: string): Promise<ChannelInfo | undefined> {
    const info = (await this.#host.connection.request('channel.info', { name, namespace })) as
      | ChannelInfo
      | null
      | undefined
    // A hub in Python has one word for both.
    return info ?? undefined
  }

  async list(namespace: string | undefined): Promise<ChannelInfo[]> {
    return (await this.#host.connection.request('channel.list', { namespace })) as ChannelInfo[]
  }

  async delete(name: string, namespace: string): Promise<boolean> {
    return (await this.#host.connection.request('channel.delete', { name, namespace })) as boolean
  }

  #stream(): number {
    return this.#host.connection.nextStream()
  }

  /** The ends are there before the hub knows of them, since it may have something to tell them at once. */
  async #open(
    channel: { id: string },
    argument: { readonly sender: number; readonly receiver: number; readonly [key: string]: unknown },
    attachments?: readonly unknown[],
  ): Promise<void> {
    const { connection } = this.#host
    try {
      channel.id = (await connection.request('channel.open', argument, { attachments })) as string
    } catch (error) {
      for (const stream of [argument.sender, argument.receiver, argument.follower as number]) {
        connection.removeStream(stream)
      }
      throw error
    }
  }

  #receiveHandles(handles: ChannelHandles): void {
    const host = this.#host
    const arrive = (kind: HandleKind, make: (channel: ChannelIdentity, stream: number, extra: unknown) => unknown) => {
      host.handleFactory(kind, (token, detail) => {
        const [channel, extra] = (Array.isArray(detail) ? detail : [detail]) as [ChannelIdentity, unknown]
        const stream = this.#stream()
        const handle = make(channel, stream, extra)
        host.claim(token, stream)
        return handle
      })
    }
    arrive(HandleKind.sender, (channel, stream) => handles.sender(new RemoteSendPort(host, channel, stream)))
    arrive(HandleKind.receiver, (channel, stream) => handles.receiver(new RemoteReceivePort(host, channel, stream)))
    arrive(HandleKind.oneshotSender, (channel, stream) =>
      handles.oneshotSender(
        new RemoteOneshotSendPort(new RemoteSendPort(host, channel, stream, HandleKind.oneshotSender)),
      ),
    )
    arrive(HandleKind.oneshotReceiver, (channel, stream) =>
      handles.oneshotReceiver(new RemoteOneshotReceivePort(host, channel, stream, HandleKind.oneshotReceiver)),
    )
    arrive(HandleKind.broadcastSender, (channel, stream) =>
      handles.broadcastSender(new RemoteBroadcastSendPort(host, channel, stream)),
    )
    arrive(HandleKind.broadcastReceiver, (channel, stream) =>
      handles.broadcastReceiver(new RemoteBroadcastReceivePort(host, channel, stream)),
    )
    arrive(HandleKind.watchSender, (channel, stream, extra) => {
      const follower = WatchReplica.of<unknown>(
        host,
        channel,
        attach(host, channel.id, 'follower'),
        extra as WatchImage,
      )
      return handles.watchSender(new RemoteWatchSendPort(host, channel, stream, follower))
    })
    arrive(HandleKind.watchReceiver, (channel, stream, extra) => {
      const image = extra as WatchImage
      const replica = WatchReplica.of<unknown>(host, channel, stream, image)
      return handles.watchReceiver(
        new RemoteWatchReceivePort(host, channel, replica, replica.observe(image.changed === true)),
      )
    })
  }
}

/** The id is known once the hub has answered. */
function identity({ capacity, ack, name, namespace }: ChannelSpec): ChannelIdentity & { id: string } {
  return { id: '', capacity, ack, name, namespace }
}
