import type { EncodeContext } from '../../codec/handles.ts'
import type { WaitOptions, WatchReceivePort, WatchSendPort } from '../../core/ports.ts'
import type { SelectSource } from '../../core/select.ts'
import type { LocalWatchReceivePort } from '../../core/watch-ports.ts'
import { ChannelClosed } from '../../errors.ts'
import { done, failed, type Result } from '../../result.ts'
import { HandleKind } from '../../wire/token.ts'
import { CountingSendPort } from './broadcast-ports.ts'
import { attach, type ChannelHost, type ChannelIdentity } from './channel-host.ts'
import { holding } from './held.ts'
import { type WatchImage, WatchReplica } from './watch-replica.ts'

/** The sending end of a watch in a hub. */
export class RemoteWatchSendPort<T> implements WatchSendPort<T> {
  readonly #port: CountingSendPort<T>
  readonly #replica: WatchReplica<T>

  constructor(host: ChannelHost, channel: ChannelIdentity, stream: number, replica: WatchReplica<T>) {
    this.#port = new CountingSendPort(host, channel, stream, HandleKind.watchSender)
    this.#replica = replica
  }

  get receiverCount(): number {
    return this.#port.receivers.count
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  borrow(): T {
    if (this.isClosed) throw this.#port.refusal(undefined)
    return this.#replica.watch.value
  }

  async send(value: T): Promise<Result<void, ChannelClosed>> {
    if (this.isClosed) return failed(this.#port.refusal(value))
    try {
      // The answer brings this end's own view up to date, so that what was sent can be borrowed.
      await this.#replica.store(value)
      return done
    } catch (error) {
      if (error instanceof ChannelClosed) return failed(error)
      throw error
    }
  }

  async update(change: (value: T) => T): Promise<Result<void, ChannelClosed>> {
    for (;;) {
      if (this.isClosed) return failed(this.#port.refusal(undefined))
      const { version } = this.#replica
      if (await this.#replica.replace(version, change(this.#replica.watch.value))) return done
    }
  }

  async subscribe(): Promise<RemoteWatchReceivePort<T>> {
    if (this.isClosed) throw this.#port.refusal(undefined)
    return subscribeWatch(this.#port.host, this.#port.channel)
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#port.receiversGone(options)
  }

  clone(): RemoteWatchSendPort<T> {
    if (this.isClosed) throw this.#port.refusal(undefined)
    const { host, channel } = this.#port
    const replica = this.#replica.follow(attach(host, channel.id, 'follower'))
    return new RemoteWatchSendPort(host, channel, attach(host, channel.id, 'sender'), replica)
  }

  close(): void {
    this.#port.close()
    this.#replica.close()
  }

  encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    return this.#port.encodeHandle(context, this.#replica.image())
  }
}

/** A new receiver, once the hub counts it and the latest value is here. */
export async function subscribeWatch<T>(
  host: ChannelHost,
  channel: ChannelIdentity,
): Promise<RemoteWatchReceivePort<T>> {
  const stream = host.connection.nextStream()
  const replica = WatchReplica.empty<T>(host, channel, stream)
  await host.connection.request('channel.attach', { id: channel.id, side: 'receiver', stream })
  await replica.arrived
  return new RemoteWatchReceivePort(host, channel, replica, replica.observe(false))
}

/** One receiver of a watch in a hub. */
export class RemoteWatchReceivePort<T> implements WatchReceivePort<T> {
  readonly #host: ChannelHost
  readonly #channel: ChannelIdentity
  readonly #replica: WatchReplica<T>
  readonly #port: LocalWatchReceivePort<T>

  constructor(host: ChannelHost, channel: ChannelIdentity, replica: WatchReplica<T>, port: LocalWatchReceivePort<T>) {
    this.#host = host
    this.#channel = channel
    this.#replica = replica
    this.#port = port
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  borrow(): T {
    return this.#port.borrow()
  }

  hasChanged(): boolean {
    return this.#port.hasChanged()
  }

  markSeen(): T {
    return this.#port.markSeen()
  }

  changed(options: WaitOptions | undefined): Promise<void> {
    return holding(this.#host.connection, this.#replica.orLost(this.#port.changed(options)))
  }

  changedSource(): SelectSource<Result<T, ChannelClosed>> {
    const source = this.#port.changedSource()
    const { connection } = this.#host
    return {
      ready: () => source.ready(),
      take: () => source.take(),
      park: (win) => {
        connection.hold()
        const unpark = source.park((outcome) => {
          connection.release()
          win(outcome)
        })
        let parked = true
        return () => {
          if (!parked) return
          parked = false
          connection.release()
          unpark()
        }
      },
    }
  }

  async subscribe(): Promise<RemoteWatchReceivePort<T>> {
    this.#port.borrow()
    return subscribeWatch(this.#host, this.#channel)
  }

  clone(): RemoteWatchReceivePort<T> {
    this.#port.borrow()
    const replica = this.#replica.follow(attach(this.#host, this.#channel.id, 'receiver'))
    return new RemoteWatchReceivePort(this.#host, this.#channel, replica, replica.observe(this.#port.hasChanged()))
  }

  close(): void {
    this.#port.close()
    this.#replica.close()
  }

  encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    this.#port.borrow()
    const image: WatchImage = { ...this.#replica.image(), changed: this.#port.hasChanged() }
    return this.#host.export(context, HandleKind.watchReceiver, this.#channel.id, [this.#channel, image])
  }
}
