import { checkCount, checkFlag, checkKeys, checkTime, show } from './arguments.ts'
import type { ChannelRuntime } from './runtime-registry.ts'
import { checkSchema, type StandardSchemaV1 } from './schema.ts'

/** What every channel can be made with. */
export interface ChannelOptions {
  /** How many items it holds at most; a positive integer. Default: 10,000. */
  readonly capacity?: number | undefined
  /** No limit: senders never wait, and memory is the only bound. */
  readonly unbounded?: boolean | undefined
  /** Absent or false: in this process. */
  readonly distributed?: false | undefined
}

/** Values are checked when they are sent. */
export interface WithSchema<Schema extends StandardSchemaV1> {
  /** Any Standard Schema (zod, valibot, arktype, …). What it refuses is not sent; what it makes of a value is received. */
  readonly schema: Schema
}

/** `recv` gives deliveries, which have to be acknowledged. */
export interface Acknowledged {
  readonly ack: 'manual'
  /** Milliseconds until a delivery that was not acknowledged is made again. Default: 30,000. Infinity: never. */
  readonly ackTimeout?: number | undefined
}

export interface Unacknowledged {
  readonly ack?: undefined
  readonly ackTimeout?: undefined
}

/** Where a channel lives that crosses threads or machines, and how it is found. */
export interface DistributedOptions {
  readonly capacity?: number | undefined
  readonly unbounded?: boolean | undefined
  /** The runtime that holds the channel, or true for the one that is open. */
  readonly distributed: ChannelRuntime | true
  /** Get-or-create by this name; without one the channel is known to its holders only. */
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  /** A named channel outlives its creator (`'detached'`, the default) or ends with its runtime (`'session'`). */
  readonly lifetime?: 'detached' | 'session' | undefined
  /** Milliseconds without a holder after which a named channel goes. */
  readonly ttl?: number | undefined
}

/** The options that every engine understands, checked, with their defaults. */
export interface ChannelSettings {
  /** Infinity when unbounded. */
  readonly capacity: number
  readonly schema: StandardSchemaV1 | undefined
  readonly ack: boolean
  readonly ackTimeout: number
}

const defaultCapacity = 10_000
const defaultAckTimeout = 30_000
const localKeys = ['capacity', 'unbounded', 'schema', 'ack', 'ackTimeout', 'distributed']
const namedKeys = ['name', 'namespace', 'lifetime', 'ttl']

/** Options of an in-process channel, as they came in. */
export function checkLocalOptions(options: object): ChannelSettings {
  checkKeys('channel options', options, [...localKeys, ...namedKeys])
  for (const key of namedKeys) {
    if ((options as Record<string, unknown>)[key] !== undefined) {
      throw new TypeError(
        `'${key}' needs a runtime, since a channel in this process cannot be found by others: ` +
          `use klaw.channel({ ${key}: … }) or channel({ distributed: klaw, ${key}: … })`,
      )
    }
  }
  return channelSettings(options)
}

/**
 * Checks the options that every engine understands.
 *
 * @throws TypeError, RangeError naming the option, the value and what is allowed
 */
export function channelSettings(options: object): ChannelSettings {
  const { capacity, unbounded, schema, ack, ackTimeout } = options as Record<string, unknown>
  checkFlag('unbounded', unbounded)
  if (schema !== undefined) checkSchema(schema)
  if (ack !== undefined && ack !== 'manual') throw new TypeError(`'ack' must be 'manual' or absent, got ${show(ack)}`)
  if (ackTimeout !== undefined) {
    if (ack === undefined) throw new TypeError(`'ackTimeout' is only for channels with ack: 'manual'`)
    checkTime('ackTimeout', ackTimeout)
    if (ackTimeout === 0) throw new RangeError(`'ackTimeout' must be more than 0 milliseconds, got 0`)
  }
  return {
    capacity: checkedCapacity(capacity, unbounded === true),
    schema: schema as StandardSchemaV1 | undefined,
    ack: ack === 'manual',
    ackTimeout: (ackTimeout as number | undefined) ?? defaultAckTimeout,
  }
}

function checkedCapacity(capacity: unknown, unbounded: boolean): number {
  if (unbounded) {
    if (capacity !== undefined)
      throw new TypeError(`'capacity' and 'unbounded: true' exclude each other, got ${show(capacity)}`)
    return Number.POSITIVE_INFINITY
  }
  if (capacity === 0 || capacity === Number.POSITIVE_INFINITY) {
    throw new RangeError(
      `'capacity' must be a positive integer, got ${show(capacity)}; for a channel without a limit use unbounded: true`,
    )
  }
  if (capacity !== undefined) checkCount('capacity', capacity, 1, false)
  return (capacity as number | undefined) ?? defaultCapacity
}
