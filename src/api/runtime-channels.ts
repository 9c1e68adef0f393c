import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Delivery } from '../core/ports.ts'
import type { ChannelEngine, ChannelKind, ChannelSpec } from '../engine/channel-engine.ts'
import { checkCount, checkKeys, checkTime, show } from './arguments.ts'
import { Receiver } from './receiver.ts'
import { checkSchema } from './schema.ts'
import { Sender } from './sender.ts'

/** The namespace of channels that do not name one. */
export const channelNamespace = 'klaw'

/** What a channel outside this thread can be named by, and how long it stays. */
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

/** Options of `klaw.channel`. */
export interface RuntimeChannelOptions<T = unknown> extends NamedOptions {
  /** A positive integer; default 10,000. */
  readonly capacity?: number | undefined
  /** No capacity: sends never wait. Excludes `capacity`. */
  readonly unbounded?: boolean | undefined
  /** Refuses, at `send` in this thread, what does not fit. It does not travel with a sender that is passed on. */
  readonly schema?: StandardSchemaV1<T> | undefined
  /** `'manual'`: the receiver gets deliveries, which have to be acknowledged. */
  readonly ack?: 'manual' | undefined
  /** Milliseconds from a delivery to its deadline; default 30,000. */
  readonly ackTimeout?: number | undefined
}

const named = ['name', 'namespace', 'lifetime', 'ttl']
const channelKeys = ['capacity', 'unbounded', 'schema', 'ack', 'ackTimeout', ...named]
const defaultCapacity = 10_000
const defaultAckTimeout = 30_000

/** `Runtime.channel` */
export async function openChannel<T>(
  engine: ChannelEngine,
  options: RuntimeChannelOptions = {},
): Promise<[Sender<T>, Receiver<T> | Receiver<Delivery<T>>]> {
  checkKeys('the options of channel', options, channelKeys)
  const { capacity, unbounded = false, schema, ack, ackTimeout = defaultAckTimeout } = options
  if (schema !== undefined) checkSchema(schema)
  if (ack !== undefined && ack !== 'manual') throw new TypeError(`'ack' must be 'manual' when it is given, got ${show(ack)}`)
  checkTime('ackTimeout', ackTimeout)
  const { send, receive } = await engine.open({
    ...namedSpec('mpmc', options),
    capacity: checkCapacity(capacity, unbounded, defaultCapacity),
    ack: ack === 'manual',
    ackTimeout,
  })
  return [Sender.over<T>(send, { schema }), Receiver.over(receive) as Receiver<T>]
}

/** Checks and completes what all kinds of channel have in common. */
export function namedSpec(kind: ChannelKind, options: NamedOptions): ChannelSpec {
  const { name, namespace = channelNamespace, lifetime, ttl } = options
  checkName('name', name)
  checkName('namespace', namespace)
  if (lifetime !== undefined && lifetime !== 'detached' && lifetime !== 'session') {
    throw new TypeError(`'lifetime' must be 'detached' or 'session', got ${show(lifetime)}`)
  }
  if (name === undefined && (lifetime === 'detached' || ttl !== undefined)) {
    throw new TypeError(`'${ttl === undefined ? 'lifetime' : 'ttl'}' needs a 'name': nobody could find the channel again`)
  }
  checkTime('ttl', ttl)
  return {
    kind,
    capacity: 1,
    ack: false,
    ackTimeout: defaultAckTimeout,
    name,
    namespace,
    lifetime: lifetime ?? (name === undefined ? 'session' : 'detached'),
    ttl,
  }
}

export function checkCapacity(capacity: number | undefined, unbounded: boolean, byDefault: number): number {
  if (typeof unbounded !== 'boolean') throw new TypeError(`'unbounded' must be true or false, got ${show(unbounded)}`)
  if (unbounded) {
    if (capacity !== undefined) throw new TypeError("'capacity' and 'unbounded' exclude each other")
    return Number.POSITIVE_INFINITY
  }
  if (capacity === 0) {
    throw new RangeError("'capacity' must be a positive integer, got 0; for a channel without a limit use { unbounded: true }")
  }
  checkCount('capacity', capacity ?? byDefault, 1, false)
  return capacity ?? byDefault
}

export function checkName(what: string, name: unknown): void {
  if (name === undefined) return
  if (typeof name !== 'string') throw new TypeError(`'${what}' must be a string, got ${show(name)}`)
  if (name === '') throw new RangeError(`'${what}' must not be empty`)
}
