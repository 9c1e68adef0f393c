import type { ByteWriter } from '../../../codec/byte-writer.ts'
import type { ChannelStats } from '../../../core/ports.ts'
import { ChannelClosed, ChannelConfigMismatch, ChannelNotFound } from '../../../errors.ts'
import type { Connection } from '../../../wire/connection.ts'
import { beginFrame, endFrame, FrameType } from '../../../wire/frame.ts'
import { HandleKind, type Token } from '../../../wire/token.ts'
import type { ChannelInfo, ChannelSpec } from '../../channel-engine.ts'
import { BroadcastChannel } from './broadcast-channel.ts'
import type { Hub } from './hub.ts'
import { Item } from './item.ts'
import type { Leasable } from './leases.ts'
import { type ChannelKeeper, MpmcChannel } from './mpmc-channel.ts'
import { WatchChannel } from './watch-channel.ts'

/** The longest that a timer of the platform can run: 25 days. */
const longestTimer = 2 ** 31 - 1

/** What the registry needs of a channel of any kind. */
export interface HubChannel {
  readonly isOver: boolean
  readonly isHeld: boolean
  addSender(connection: Connection, stream: number): void
  addReceiver(connection: Connection, stream: number, like?: number): void
  holdSender(): void
  releaseSender(): void
  holdReceiver(): void
  releaseReceiver(): void
  delete(error: Error): void
  stats(): ChannelStats
}

interface Entry {
  readonly id: string
  readonly spec: ChannelSpec
  readonly channel: HubChannel
  expiry: NodeJS.Timeout | undefined
}

interface OpenArgument {
  readonly spec: ChannelSpec
  readonly sender: number
  readonly receiver: number
  /** The stream by which a watch's sender follows the value. */
  readonly follower?: number
  /** A watch's first value. */
  readonly initial?: ItemArgument
}

interface AttachArgument {
  readonly id: string
  readonly side: 'sender' | 'receiver' | 'follower'
  readonly stream: number
  /** A broadcast receiver of the same thread that has read as much. */
  readonly like?: number
}

/** A value outside of any stream. Its attachments are the first `count` of the request. */
interface ItemArgument {
  readonly bytes: Uint8Array
  readonly tokens: readonly Token[] | undefined
  readonly count: number
}

interface StoreArgument {
  readonly id: string
  /** Only if this is the version still; undefined: whatever it is. */
  readonly expected: number | undefined
  readonly item: ItemArgument
}

/** The channels of a runtime, by id and by name. */
class Channels {
  readonly #hub: Hub
  readonly #entries = new Map<string, Entry>()
  readonly #names = new Map<string, Entry>()
  #next = 1

  constructor(hub: Hub) {
    this.#hub = hub
  }

  open(connection: Connection, argument: OpenArgument, attachments: readonly unknown[] | undefined): string {
    const { spec, sender, receiver, follower, initial } = argument
    const found = this.#find(spec)
    // One that is over keeps its holders, but not its name.
    const entry = found === undefined || found.channel.isOver ? this.#create(spec) : found
    clearTimeout(entry.expiry)
    const { channel } = entry
    channel.addSender(connection, sender)
    if (channel instanceof WatchChannel) {
      if (!channel.hasValue && initial !== undefined) channel.replace(channel.version, toItem(initial, attachments))
      if (follower !== undefined) channel.addFollower(connection, follower)
    }
    channel.addReceiver(connection, receiver)
    return entry.id
  }

  attach(connection: Connection, { id, side, stream, like }: AttachArgument): void {
    const channel = this.#entries.get(id)?.channel
    if (channel === undefined) {
      this.#writeEnded(connection.out, stream, new ChannelClosed('the channel was deleted'))
      connection.wrote()
    } else if (side === 'sender') channel.addSender(connection, stream)
    else if (side === 'receiver') channel.addReceiver(connection, stream, like)
    else if (channel instanceof WatchChannel) channel.addFollower(connection, stream)
  }

  /** Stores a watch's value; the answer is its version, or 0 if `expected` is outdated. */
  store({ id, expected, item }: StoreArgument, attachments: readonly unknown[] | undefined): number {
    const channel = this.#entries.get(id)?.channel
    if (!(channel instanceof WatchChannel)) throw new ChannelClosed('the channel was deleted')
    return channel.replace(expected ?? channel.version, toItem(item, attachments)) ? channel.version : 0
  }

  info({ name, namespace }: { name: string; namespace: string }): ChannelInfo | undefined {
    const entry = this.#names.get(nameKey(name, namespace))
    return entry === undefined ? undefined : describe(entry)
  }

  list(namespace: string | undefined): ChannelInfo[] {
    return [...this.#names.values()]
      .map(describe)
      .filter((info) => namespace === undefined || info.namespace === namespace)
  }

  delete({ name, namespace }: { name: string; namespace: string }): boolean {
    const entry = this.#names.get(nameKey(name, namespace))
    if (entry === undefined) return false
    this.#remove(entry)
    entry.channel.delete(new ChannelClosed(`the channel ${JSON.stringify(name)} was deleted`))
    return true
  }

  stats(id: string): ChannelStats {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new ChannelNotFound('the channel is gone')
    return entry.channel.stats()
  }

  /** How many channels there are; tests count them. */
  get size(): number {
    return this.#entries.size
  }

  leasable(id: string, side: 'sender' | 'receiver'): Leasable {
    const entry = this.#entries.get(id)
    const channel = entry?.channel
    const attach = (connection: Connection, stream: number) => this.attach(connection, { id, side, stream })
    return side === 'sender'
      ? {
          retain: () => channel?.holdSender(),
          release: () => channel?.releaseSender(),
          claim: (session, stream) => attach(session.connection, stream),
        }
      : {
          retain: () => channel?.holdReceiver(),
          release: () => channel?.releaseReceiver(),
          claim: (session, stream) => attach(session.connection, stream),
        }
  }

  #find(spec: ChannelSpec): Entry | undefined {
    if (spec.name === undefined) return undefined
    const entry = this.#names.get(nameKey(spec.name, spec.namespace))
    if (entry === undefined) return undefined
    for (const key of ['kind', 'capacity', 'ack'] as const) {
      if (entry.spec[key] === spec[key]) continue
      throw new ChannelConfigMismatch(
        `the channel ${JSON.stringify(spec.name)} in namespace ${JSON.stringify(spec.namespace)} has ${key} ${entry.spec[key]}; ` +
          `${key} ${spec[key]} was asked for`,
      )
    }
    return entry
  }

  #create(spec: ChannelSpec): Entry {
    const entry: Entry = { id: String(this.#next++), spec, channel: this.#make(spec, () => entry), expiry: undefined }
    this.#entries.set(entry.id, entry)
    if (spec.name !== undefined) this.#names.set(nameKey(spec.name, spec.namespace), entry)
    return entry
  }

  #make(spec: ChannelSpec, entry: () => Entry): HubChannel {
    const detached = spec.name !== undefined && spec.lifetime === 'detached'
    const keeper: ChannelKeeper = {
      releaseTokens: (tokens) => this.#hub.leases.release(tokens),
      unused: () => this.#unused(entry(), detached),
      writeEnded: (out, stream, error) => this.#writeEnded(out, stream, error),
    }
    switch (spec.kind) {
      case 'broadcast':
        return new BroadcastChannel({ capacity: spec.capacity, detached }, keeper)
      case 'watch':
        return new WatchChannel({ detached }, keeper)
      default:
        return new MpmcChannel(
          { capacity: spec.capacity, ack: spec.ack, ackTimeout: spec.ackTimeout, detached },
          keeper,
        )
    }
  }

  #unused(entry: Entry, detached: boolean): void {
    if (!detached) this.#remove(entry)
    else if (entry.spec.ttl !== undefined) {
      entry.expiry = setTimeout(() => this.#expire(entry), Math.min(entry.spec.ttl, longestTimer))
    }
  }

  #expire(entry: Entry): void {
    this.#remove(entry)
    entry.channel.delete(new ChannelClosed('the channel was not used for longer than its ttl'))
  }

  #remove(entry: Entry): void {
    clearTimeout(entry.expiry)
    this.#entries.delete(entry.id)
    const { name, namespace } = entry.spec
    if (name === undefined) return
    const key = nameKey(name, namespace)
    if (this.#names.get(key) === entry) this.#names.delete(key)
  }

  #writeEnded(out: ByteWriter, stream: number, error: Error | undefined): void {
    const frame = beginFrame(out, FrameType.ended, 0, stream)
    if (error !== undefined) this.#hub.codec.encodeInto(out, error, { attachments: undefined }, 'error')
    endFrame(out, frame)
  }
}

/** Puts the channels on the hub. */
export function serveChannels(hub: Hub): void {
  const channels = new Channels(hub)
  hub.handle('channel.open', (session, argument: OpenArgument, { attachments }) =>
    channels.open(session.connection, argument, attachments),
  )
  hub.handle('channel.store', (_session, argument: StoreArgument, { attachments }) =>
    channels.store(argument, attachments),
  )
  hub.handle('channel.attach', (session, argument: AttachArgument) => channels.attach(session.connection, argument))
  hub.handle('channel.info', (_session, argument: { name: string; namespace: string }) => channels.info(argument))
  hub.handle('channel.list', (_session, { namespace }: { namespace?: string }) => channels.list(namespace))
  hub.handle('channel.delete', (_session, argument: { name: string; namespace: string }) => channels.delete(argument))
  hub.handle('channel.stats', (_session, id: string) => channels.stats(id))
  hub.handle('channel.count', () => channels.size)
  for (const kind of [
    HandleKind.sender,
    HandleKind.broadcastSender,
    HandleKind.watchSender,
    HandleKind.oneshotSender,
  ]) {
    hub.leases.resolver(kind, (id) => channels.leasable(id, 'sender'))
  }
  for (const kind of [
    HandleKind.receiver,
    HandleKind.broadcastReceiver,
    HandleKind.watchReceiver,
    HandleKind.oneshotReceiver,
  ]) {
    hub.leases.resolver(kind, (id) => channels.leasable(id, 'receiver'))
  }
}

function toItem({ bytes, tokens, count }: ItemArgument, attachments: readonly unknown[] | undefined): Item {
  return new Item(bytes, 0, bytes.byteLength, 0, count > 0 ? attachments?.slice(0, count) : undefined, tokens)
}

function nameKey(name: string, namespace: string): string {
  return JSON.stringify([namespace, name])
}

function describe({ spec, channel }: Entry): ChannelInfo {
  const { name, namespace, kind, capacity, ack } = spec
  return { name: name ?? '', namespace, kind, capacity, ack, stats: channel.stats() }
}
