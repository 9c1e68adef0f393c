import type { Delivery } from '../core/ports.ts'
import type { ChannelEngine, ChannelKind, ChannelSpec } from '../engine/channel-engine.ts'
import { checkCount, checkKeys, checkTime, show } from './arguments.ts'
import { BroadcastReceiver, BroadcastSender } from './broadcast.ts'
import type { DistributedChannel } from './channel.ts'
import { type Acknowledged, channelSettings, type Unacknowledged, type WithSchema } from './channel-options.ts'
import { OneshotReceiver, OneshotSender } from './oneshot.ts'
import { Receiver } from './receiver.ts'
import type { StandardSchemaV1 } from './schema.ts'
import { SchemaReceivePort } from './schema-receive-port.ts'
import { Sender } from './sender.ts'
import { WatchReceiver, WatchSender } from './watch.ts'

/** The namespace of channels that do not name one. */
export const channelNamespace = 'klaw'

/** What a channel outside this thread is named by, and how long it stays. */
export interface NamedOptions {
  /** Get-or-create, atomically: whoever gives the same name in the same namespace holds the same channel. */
  readonly name?: string | undefined
  /** Default `'klaw'`. */
  readonly namespace?: string | undefined
  /** With a name: `'detached'` (the default) outlives its holders; `'session'` ends with the last of them, as one without a name does. */
  readonly lifetime?: 'detached' | 'session' | undefined
  /** Milliseconds without a holder after which a detached channel goes. Default: it stays. */
  readonly ttl?: number | undefined
}

/** Options of `klaw.channel`: those of `channel`, and a name. */
export interface RuntimeChannelOptions extends NamedOptions {
  /** How many items it holds at most; a positive integer. Default: 10,000. */
  readonly capacity?: number | undefined
  /** No limit: senders never wait, and memory is the only bound. */
  readonly unbounded?: boolean | undefined
}

/** Options of `klaw.broadcast`. */
export interface RuntimeBroadcastOptions extends NamedOptions {
  /** How many values a receiver can be behind before it misses some; a positive integer. Default: 10,000. */
  readonly capacity?: number | undefined
}

/**
 * `klaw.channel` with the types of its values. A schema is checked by the senders and by the receivers of this process, and does not travel with an end: what
 * is passed on sends and receives unchecked, unless it opens the channel by its name with the schema. What travels is what was sent; what the schema
 * makes of it comes out of the receiver.
 */
export interface OpenChannel {
  <Schema extends StandardSchemaV1>(
    options: RuntimeChannelOptions & WithSchema<Schema> & Acknowledged,
  ): Promise<DistributedChannel<StandardSchemaV1.InferInput<Schema>, Delivery<StandardSchemaV1.InferOutput<Schema>>>>
  <Schema extends StandardSchemaV1>(
    options: RuntimeChannelOptions & WithSchema<Schema> & Unacknowledged,
  ): Promise<DistributedChannel<StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>>>
  <T>(
    options: RuntimeChannelOptions & { readonly schema?: undefined } & Acknowledged,
  ): Promise<DistributedChannel<T, Delivery<T>>>
  <T>(
    options?: RuntimeChannelOptions & { readonly schema?: undefined } & Unacknowledged,
  ): Promise<DistributedChannel<T>>
}

const namedKeys = ['name', 'namespace', 'lifetime', 'ttl']
const channelKeys = ['capacity', 'unbounded', 'schema', 'ack', 'ackTimeout', ...namedKeys]

/** `Runtime.channel` */
export async function openChannel(
  engine: ChannelEngine,
  options: RuntimeChannelOptions = {},
): Promise<[Sender<never>, Receiver<unknown>]> {
  checkKeys('the options of channel', options, channelKeys)
  const { schema, ...settings } = channelSettings(options)
  const { send, receive } = await engine.open({ ...namedSpec('mpmc', options), ...settings })
  if (schema === undefined) return [Sender.over(send), Receiver.over(receive)]
  const checked = new SchemaReceivePort(receive, schema, options.name)
  return [Sender.over(send, { schema, sends: 'input' }), Receiver.over(checked)]
}

/** `Runtime.oneshot` */
export async function openOneshot<T>(engine: ChannelEngine): Promise<[OneshotSender<T>, OneshotReceiver<T>]> {
  const { send, receive } = await engine.openOneshot(namedSpec('oneshot', {}))
  return [OneshotSender.over<T>(send), OneshotReceiver.over(receive) as OneshotReceiver<T>]
}

/** `Runtime.broadcast` */
export async function openBroadcast<T>(
  engine: ChannelEngine,
  options: RuntimeBroadcastOptions = {},
): Promise<[BroadcastSender<T>, BroadcastReceiver<T>]> {
  checkKeys('the options of broadcast', options, ['capacity', ...namedKeys])
  const { capacity = 10_000 } = options
  checkCount('capacity', capacity, 1, false)
  const { send, receive } = await engine.openBroadcast({ ...namedSpec('broadcast', options), capacity })
  return [BroadcastSender.over(send) as BroadcastSender<T>, BroadcastReceiver.over(receive) as BroadcastReceiver<T>]
}

/** `Runtime.watch` */
export async function openWatch<T>(
  engine: ChannelEngine,
  initial: T,
  options: NamedOptions = {},
): Promise<[WatchSender<T>, WatchReceiver<T>]> {
  checkKeys('the options of watch', options, namedKeys)
  const { send, receive } = await engine.openWatch(namedSpec('watch', options), initial)
  return [WatchSender.over(send) as WatchSender<T>, WatchReceiver.over(receive) as WatchReceiver<T>]
}

/** Checks and completes what all kinds of channel have in common. */
function namedSpec(kind: ChannelKind, options: NamedOptions): ChannelSpec {
  const { name, namespace = channelNamespace, lifetime, ttl } = options
  checkName('name', name)
  checkName('namespace', namespace)
  if (lifetime !== undefined && lifetime !== 'detached' && lifetime !== 'session') {
    throw new TypeError(`'lifetime' must be 'detached' or 'session', got ${show(lifetime)}`)
  }
  if (name === undefined && (lifetime === 'detached' || ttl !== undefined)) {
    throw new TypeError(
      `'${ttl === undefined ? 'lifetime' : 'ttl'}' needs a 'name': nobody could find the channel again`,
    )
  }
  checkTime('ttl', ttl)
  return {
    kind,
    capacity: 1,
    ack: false,
    ackTimeout: Number.POSITIVE_INFINITY,
    name,
    namespace,
    lifetime: lifetime ?? (name === undefined ? 'session' : 'detached'),
    ttl,
  }
}

export function checkName(what: string, name: unknown): void {
  if (name === undefined) return
  if (typeof name !== 'string') throw new TypeError(`'${what}' must be a string, got ${show(name)}`)
  if (name === '') throw new RangeError(`'${what}' must be a string that is not empty, got ''`)
}
