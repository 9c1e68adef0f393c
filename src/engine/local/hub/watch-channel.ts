import type { ChannelStats } from '../../../core/ports.ts'
import type { Connection, FrameSink } from '../../../wire/connection.ts'
import { type FrameReader, FrameType } from '../../../wire/frame.ts'
import type { HubChannel } from './channels.ts'
import type { Item } from './item.ts'
import type { ChannelKeeper } from './mpmc-channel.ts'
import { PublishedSide } from './published-side.ts'
import { postAlone } from './write-items.ts'

/** A channel that holds the latest value, in the hub. Everybody who follows it is brought up to date, skipping what is outdated. */
export class WatchChannel implements HubChannel {
  readonly #senders: PublishedSide
  readonly #followers = new Set<Follower>()
  readonly #keeper: ChannelKeeper
  readonly #detached: boolean
  #latest: Item | undefined
  #version = 0
  #receiverHolds = 0
  #over = false

  constructor(options: { readonly detached: boolean }, keeper: ChannelKeeper) {
    this.#keeper = keeper
    this.#detached = options.detached
    this.#senders = new PublishedSide(
      (item) => this.#replace(item),
      () => this.#sendersChanged(),
    )
  }

  get isOver(): boolean {
    return this.#over
  }

  get isHeld(): boolean {
    return this.#senders.holds + this.#receiverHolds > 0
  }

  /** Whether it has a value yet: whoever opens it first sends one. */
  get hasValue(): boolean {
    return this.#latest !== undefined
  }

  get version(): number {
    return this.#version
  }

  addSender(connection: Connection, stream: number): void {
    this.#senders.add(connection, stream, this.#receiverCount)
  }

  holdSender(): void {
    this.#senders.hold()
  }

  releaseSender(): void {
    this.#senders.release()
  }

  addReceiver(connection: Connection, stream: number): void {
    this.holdReceiver()
    this.#follow(new Follower(connection, stream, true, this))
    this.#senders.tellHolders(this.#receiverCount)
  }

  /** A sender that wants to know the latest value: it does not count as a receiver. */
  addFollower(connection: Connection, stream: number): void {
    this.#follow(new Follower(connection, stream, false, this))
  }

  holdReceiver(): void {
    this.#receiverHolds++
  }

  releaseReceiver(): void {
    this.#receiverHolds--
    this.#tellIfUnused()
  }

  /** Replaces the value of version `expected`; false, and nothing happens, if it is another by now. */
  replace(expected: number, item: Item): boolean {
    if (expected !== this.#version) return false
    this.#replace(item)
    return true
  }

  delete(error: Error): void {
    this.#over = true
    this.#senders.end(this.#keeper, error)
    for (const follower of this.#followers) follower.end(this.#keeper, error)
    this.#forgetLatest()
  }

  /** @internal The follower is ready for the next value. */
  update(follower: Follower): void {
    if (this.#latest !== undefined && follower.version !== this.#version) follower.push(this.#latest, this.#version)
  }

  /** @internal */
  followerGone(follower: Follower): void {
    this.#followers.delete(follower)
    if (!follower.isReceiver) return
    this.#senders.tellHolders(this.#receiverCount)
    this.releaseReceiver()
  }

  /** @internal */
  forget(item: Item): void {
    if (--item.holders === 0 && item.tokens !== undefined) this.#keeper.releaseTokens(item.tokens)
  }

  stats(): ChannelStats {
    return {
      capacity: 1,
      length: this.#latest === undefined ? 0 : 1,
      highWaterMark: 1,
      senders: this.#senders.holds,
      receivers: this.#receiverHolds,
      waitingSenders: 0,
      waitingReceivers: 0,
      sent: this.#version,
      received: 0,
      unacknowledged: 0,
      redelivered: 0,
    }
  }

  get #receiverCount(): number {
    let count = 0
    for (const follower of this.#followers) if (follower.isReceiver) count++
    return count
  }

  #follow(follower: Follower): void {
    this.#followers.add(follower)
    this.update(follower)
    if (this.#over) follower.end(this.#keeper, undefined)
  }

  #replace(item: Item): void {
    this.#forgetLatest()
    item.holders = 1
    this.#latest = item
    this.#version++
    for (const follower of this.#followers) if (!follower.busy) this.update(follower)
  }

  #forgetLatest(): void {
    if (this.#latest !== undefined) this.forget(this.#latest)
    this.#latest = undefined
  }

  #sendersChanged(): void {
    if (this.#senders.holds > 0) return
    if (!this.#detached && !this.#over) {
      this.#over = true
      for (const follower of this.#followers) {
        this.update(follower)
        follower.end(this.#keeper, undefined)
      }
    }
    this.#tellIfUnused()
  }

  #tellIfUnused(): void {
    if (this.isHeld) return
    if (!this.#detached) this.#forgetLatest()
    this.#keeper.unused()
  }
}

/** One who is kept up to date. The next value leaves when the last one has arrived, so that a slow one skips some. */
class Follower implements FrameSink {
  readonly isReceiver: boolean
  busy = false
  version = 0
  readonly #connection: Connection
  readonly #stream: number
  readonly #channel: WatchChannel
  #arriving: Item[] = []
  #gone = false

  constructor(connection: Connection, stream: number, isReceiver: boolean, channel: WatchChannel) {
    this.#connection = connection
    this.#stream = stream
    this.isReceiver = isReceiver
    this.#channel = channel
    connection.addStream(stream, this)
  }

  push(item: Item, version: number): void {
    this.busy = true
    this.version = version
    item.holders++
    this.#arriving.push(item)
    postAlone(
      this.#connection,
      { stream: this.#stream, epoch: 0, sequence: version, counted: false, more: false },
      item,
    )
  }

  end(keeper: ChannelKeeper, error: Error | undefined): void {
    keeper.writeEnded(this.#connection.out, this.#stream, error)
    this.#connection.wrote()
  }

  frame(frame: FrameReader): void {
    if (frame.type === FrameType.closeEnd) {
      this.connectionLost()
    } else if (frame.type === FrameType.taken) {
      const item = this.#arriving.shift()
      if (item !== undefined) this.#channel.forget(item)
      this.busy = this.#arriving.length > 0
      if (!this.busy) this.#channel.update(this)
    }
  }

  connectionLost(): void {
    if (this.#gone) return
    this.#gone = true
    this.#connection.removeStream(this.#stream)
    for (const item of this.#arriving.splice(0)) this.#channel.forget(item)
    this.#channel.followerGone(this)
  }
}
