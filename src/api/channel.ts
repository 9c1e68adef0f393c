import type { Clock } from '../core/clock.ts'
import { type Entry, Leases } from '../core/leases.ts'
import { Mpmc } from '../core/mpmc.ts'
import { asIs, MpmcReceivePort } from '../core/mpmc-receive-port.ts'
import { MpmcSendPort } from '../core/mpmc-send-port.ts'
import type { Delivery, ReceivePort, SendPort } from '../core/ports.ts'
import { show } from './arguments.ts'
import {
  type Acknowledged,
  type ChannelOptions,
  type ChannelSettings,
  checkLocalOptions,
  type DistributedOptions,
  type Unacknowledged,
  type WithSchema,
} from './channel-options.ts'
import { entryPassing, passing } from './passing.ts'
import { type LocalReceiver, Receiver } from './receiver.ts'
import { type ChannelRuntime, onlyRuntime } from './runtime-registry.ts'
import type { StandardSchemaV1 } from './schema.ts'
import { type LocalSender, Sender } from './sender.ts'
import { systemClock } from './system-clock.ts'

type Input<Schema extends StandardSchemaV1> = StandardSchemaV1.InferInput<Schema>
type Output<Schema extends StandardSchemaV1> = StandardSchemaV1.InferOutput<Schema>
type Unchecked = { readonly schema?: undefined }

/** The two ends of a channel in this process. */
export type LocalChannel<In, Out = In> = [sender: LocalSender<In>, receiver: LocalReceiver<Out>]
/** The two ends of a channel on an engine. */
export type DistributedChannel<In, Out = In> = [sender: Sender<In>, receiver: Receiver<Out>]

/**
 * Makes a channel for many senders and many receivers: each value goes to exactly one receiver, in the order in which it was sent.
 *
 * In process unless `distributed` says which runtime holds it; then it answers with a promise, and `channel({ distributed: klaw, … })`
 * is `klaw.channel({ … })`. In process, values are passed by reference (a channel end that is itself the value is passed as a clone).
 *
 * - It is bounded: `send` waits while `capacity` items (10,000 unless told otherwise) are in it. `unbounded: true` lifts that.
 * - It closes by itself: for receivers when the last sender has closed and all is drained, for senders when the last receiver has.
 * - With a `schema` (zod, valibot, arktype: any Standard Schema) a value that does not fit is refused when it is sent.
 * - With `ack: 'manual'` a receiver gets deliveries: what is not acknowledged within `ackTimeout` milliseconds (30,000), is given
 *   back, or was held by a receiver that closed, is delivered again. Items that are not acknowledged count against the capacity.
 *
 * @throws RangeError, TypeError for wrong options, naming the option, the value, and what is allowed
 *
 * @example
 * ```ts
 * import { channel } from '@klaw/core/channel'
 *
 * const [tx, rx] = channel<number>({ capacity: 2 })
 * const producer = (async () => {
 *   for (let n = 1; n <= 5; n++) await tx.send(n)
 *   tx.close()
 * })()
 * for await (const n of rx) console.log(n)
 * await producer
 * ```
 */
export function channel<Schema extends StandardSchemaV1>(
  options: DistributedOptions & WithSchema<Schema> & Acknowledged,
): Promise<DistributedChannel<Input<Schema>, Delivery<Output<Schema>>>>
export function channel<Schema extends StandardSchemaV1>(
  options: DistributedOptions & WithSchema<Schema> & Unacknowledged,
): Promise<DistributedChannel<Input<Schema>, Output<Schema>>>
export function channel<T>(
  options: DistributedOptions & Unchecked & Acknowledged,
): Promise<DistributedChannel<T, Delivery<T>>>
export function channel<T>(options: DistributedOptions & Unchecked & Unacknowledged): Promise<DistributedChannel<T>>
export function channel<Schema extends StandardSchemaV1>(
  options: ChannelOptions & WithSchema<Schema> & Acknowledged,
): LocalChannel<Input<Schema>, Delivery<Output<Schema>>>
export function channel<Schema extends StandardSchemaV1>(
  options: ChannelOptions & WithSchema<Schema> & Unacknowledged,
): LocalChannel<Input<Schema>, Output<Schema>>
export function channel<T>(options: ChannelOptions & Unchecked & Acknowledged): LocalChannel<T, Delivery<T>>
export function channel<T>(options?: ChannelOptions & Unchecked & Unacknowledged): LocalChannel<T>
export function channel(
  options: object = {},
): LocalChannel<never, unknown> | Promise<readonly [Sender<never>, Receiver<unknown>]> {
  const distributed = (options as { distributed?: unknown } | null)?.distributed
  if (distributed === undefined || distributed === false) {
    return localChannel(checkLocalOptions(options), systemClock)
  }
  return openDistributed(options as { distributed: unknown })
}

async function openDistributed({
  distributed,
  ...options
}: {
  distributed: unknown
}): Promise<readonly [Sender<never>, Receiver<unknown>]> {
  const runtime = distributed === true ? onlyRuntime() : (distributed as Partial<ChannelRuntime> | null)
  if (typeof runtime?.channel !== 'function') {
    throw new TypeError(`'distributed' must be a runtime or true, got ${show(distributed)}`)
  }
  return runtime.channel(options)
}

/** Puts the handles on an in-process channel. */
export function localChannel(
  { capacity, schema, ack, ackTimeout }: ChannelSettings,
  clock: Clock,
): LocalChannel<never, unknown> {
  const [send, receive] = ack ? acknowledgedPorts(capacity, ackTimeout, clock) : plainPorts(capacity, clock)
  const sender = Sender.over(send, schema === undefined && clock === systemClock ? undefined : { schema, clock })
  return [sender as unknown as LocalSender<never>, Receiver.over(receive, clock) as LocalReceiver<unknown>]
}

type Ports = [SendPort<unknown>, ReceivePort<unknown>]

function plainPorts(capacity: number, clock: Clock): Ports {
  const channel = new Mpmc<unknown>(capacity, passing.drop)
  return [new MpmcSendPort(channel, clock, passing), new MpmcReceivePort(channel, clock, asIs<unknown>())]
}

function acknowledgedPorts(capacity: number, ackTimeout: number, clock: Clock): Ports {
  const channel = new Mpmc<Entry<unknown>>(capacity, entryPassing.drop, true)
  const leases = new Leases(channel, clock, ackTimeout)
  return [new MpmcSendPort(channel, clock, entryPassing), new MpmcReceivePort(channel, clock, leases)]
}
