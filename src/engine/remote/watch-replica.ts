import { Watch } from '../../core/watch.ts'
import { LocalWatchReceivePort } from '../../core/watch-ports.ts'
import { ChannelBackendError, SerializationError } from '../../errors.ts'
import type { FrameSink } from '../../wire/connection.ts'
import { FrameFlag, type FrameReader, FrameType } from '../../wire/frame.ts'
import { readTokens } from '../../wire/sender-stream.ts'
import type { ChannelHost, ChannelIdentity } from './channel-host.ts'
import { engineLost } from './engine-lost.ts'
import { encodeTransit } from './transit.ts'

/** The latest value as it goes along with a handle. */
export interface WatchImage {
  readonly version: number
  readonly bytes: Uint8Array
  /** Whether the receiver that was passed on had not seen it. */
  readonly changed?: boolean
}

/** One end's copy of the latest value of a watch, kept up to date by the hub. */
export class WatchReplica<T> implements FrameSink {
  readonly watch: Watch<T>
  /** Settles when the first value is here. */
  readonly arrived: Promise<void>
  readonly #host: ChannelHost
  readonly #channel: ChannelIdentity
  readonly stream: number
  #arrive: (() => void) | undefined
  #refuse: ((error: Error) => void) | undefined
  #version: number
  #bytes: Uint8Array
  #carriesMore = false
  #lost: Error | undefined

  private constructor(host: ChannelHost, channel: ChannelIdentity, stream: number, version: number, bytes: Uint8Array) {
    this.#host = host
    this.#channel = channel
    this.stream = stream
    this.#version = version
    this.#bytes = bytes
    this.watch = new Watch<T>((bytes.byteLength > 0 ? host.codec.decode(bytes) : undefined) as T)
    this.arrived = new Promise((resolve, reject) => {
      this.#arrive = resolve
      this.#refuse = reject
    })
    this.arrived.catch(() => undefined)
    host.connection.addStream(stream, this)
  }

  /** Waits for its first value. */
  static empty<T>(host: ChannelHost, channel: ChannelIdentity, stream: number): WatchReplica<T> {
    return new WatchReplica<T>(host, channel, stream, 0, new Uint8Array(0))
  }

  /** Starts with a value that came along with a handle. */
  static of<T>(host: ChannelHost, channel: ChannelIdentity, stream: number, image: WatchImage): WatchReplica<T> {
    return new WatchReplica<T>(host, channel, stream, image.version, image.bytes)
  }

  get version(): number {
    return this.#version
  }

  /** Another end's replica, which starts with what this one knows. */
  follow(stream: number): WatchReplica<T> {
    const replica = new WatchReplica<T>(this.#host, this.#channel, stream, this.#version, this.#bytes)
    return replica
  }

  /** The latest value, to go along with a handle. */
  image(): WatchImage {
    if (this.#carriesMore) {
      throw new SerializationError('a watch whose value holds handles or shared memory can not be passed on')
    }
    return { version: this.#version, bytes: this.#bytes }
  }

  observe(changed: boolean): LocalWatchReceivePort<T> {
    return new LocalWatchReceivePort(this.watch.observe(this.watch.version - (changed ? 1 : 0)), this.#host.clock)
  }

  /** Makes `value` the latest, whatever it is now. */
  async store(value: T): Promise<void> {
    await this.#put(undefined, value)
  }

  /** Makes `value` the latest unless the version is another by now. */
  replace(expected: number, value: T): Promise<boolean> {
    return this.#put(expected, value)
  }

  /** The same promise, refused when the hub is gone. */
  async orLost<Value>(promise: Promise<Value>): Promise<Value> {
    try {
      return await promise
    } catch (error) {
      throw this.#lost ?? error
    }
  }

  close(): void {
    this.#host.connection.write(FrameType.closeEnd, 0, this.stream)
    this.#host.connection.removeStream(this.stream)
  }

  frame(frame: FrameReader): void {
    if (frame.type === FrameType.ended) {
      this.#host.connection.removeStream(this.stream)
      this.watch.removeSender()
      this.#refuse?.(new ChannelBackendError('the channel has ended', { backend: this.#host.backend }))
      return
    }
    if (frame.type !== FrameType.deliver) return
    frame.u32()
    const version = frame.u32()
    frame.u32()
    const length = frame.u32()
    const tokens = (frame.flags & FrameFlag.tokens) !== 0 ? readTokens(frame) : undefined
    const start = frame.position
    if (version > this.#version) {
      const value = this.#host.codec.decode(frame.bytes, start, start + length, frame) as T
      const carriesMore = tokens !== undefined || (frame.attachments?.length ?? 0) > 0
      this.#adopt(version, frame.bytes.slice(start, start + length), carriesMore, value)
    }
    this.#host.connection.write(FrameType.taken, 0, this.stream, 1)
    this.#arrive?.()
  }

  connectionLost(error: Error): void {
    this.#lost = engineLost(this.#host, this.#channel, error)
    this.watch.removeSender()
    this.#refuse?.(this.#lost)
  }

  async #put(expected: number | undefined, value: T): Promise<boolean> {
    const { codec, connection, releaseTokens } = this.#host
    const { bytes, attachments, tokens } = encodeTransit(codec, value, 'message', releaseTokens)
    const version = (await connection.request(
      'channel.store',
      { id: this.#channel.id, expected, item: { bytes, tokens, count: attachments?.length ?? 0 } },
      { attachments },
    )) as number
    if (version === 0) {
      releaseTokens(tokens)
      return false
    }
    // The hub's own word of it may still be under way.
    if (version > this.#version) this.#adopt(version, bytes, (attachments ?? tokens) !== undefined, value)
    return true
  }

  #adopt(version: number, bytes: Uint8Array, carriesMore: boolean, value: T): void {
    this.#version = version
    this.#bytes = bytes
    this.#carriesMore = carriesMore
    this.watch.send(value)
  }
}
