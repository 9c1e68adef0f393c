import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Clock } from '../core/clock.ts'
import type { ChannelStats, SendPort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import type { ChannelClosed, ChannelFull } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { show, waitFault } from './arguments.ts'
import { SendingEnd } from './channel-end.ts'
import { passSymbol, portSymbol, sendSymbol } from './handle.ts'
import { Permit } from './permit.ts'
import { quiet } from './quiet.ts'
import { SchemaSendPort, type Sends } from './schema-send-port.ts'
import { systemClock } from './system-clock.ts'
import { writableTo } from './web-streams.ts'

/** What a {@link Sender} adds to its port. */
export interface SenderOptions {
  readonly schema?: StandardSchemaV1 | undefined
  /** Default: 'output'. */
  readonly sends?: Sends | undefined
  readonly clock?: Clock | undefined
}

/**
 * The sending end of a channel. Clone it to send from more places; the channel ends when all clones are closed.
 *
 * What never waits (`trySend`, `clone`, `close`, `stats`) answers at once in process ({@link LocalSender}) and may be a promise
 * across threads and machines: code for every engine writes `await`.
 *
 * Source of the semantics: tokio's `mpsc::Sender`.
 */
export class Sender<in T> extends SendingEnd<SendPort<T>> {
  /** @internal */
  static over<T>(port: SendPort<T>, { schema, sends = 'output', clock = systemClock }: SenderOptions = {}): Sender<T> {
    return new Sender(schema === undefined ? port : new SchemaSendPort(port, schema, clock, sends))
  }

  /** How many items the channel holds at most; Infinity when it is unbounded. */
  get capacity(): number {
    return this[portSymbol].capacity
  }

  /** Items that were accepted and not yet taken. Across threads: as far as is known here; `stats()` knows exactly. */
  get length(): number {
    return this[portSymbol].length
  }

  /**
   * Sends a value, waiting for room if there is none. Senders that wait are served in the order in which they came.
   *
   * Cancel safety: when it was aborted or timed out, the value was not sent and never will be. Closing this sender does not
   * cancel it: a send that waits keeps its place.
   *
   * @param options `timeout` in milliseconds, 0 for "only if there is room now"; `signal` to abort
   * @throws ChannelClosed when this sender is closed or no receiver is left, also while it waits; `value` is what was not sent
   * @throws ChannelTimeout when there was no room in time
   * @throws ChannelSchemaError when the channel's schema refuses the value
   * @throws the signal's reason, when it aborts
   *
   * @example
   * ```ts
   * import { channel } from '@klaw/core/channel'
   *
   * const [tx, rx] = channel<number>({ capacity: 100 })
   * await tx.send(1, { timeout: 500 })
   * console.log(await rx.recv())
   * ```
   */
  send(value: T, options?: WaitOptions): Promise<void> {
    if (options !== undefined) {
      const fault = waitFault(options)
      if (fault !== undefined) return Promise.reject(fault)
    }
    return this[portSymbol].send(value, options)
  }

  /**
   * Sends a value if there is room now and nobody waits for it. The error gives the value back.
   *
   * @throws ChannelSchemaError when the channel's schema refuses the value
   * @throws TypeError when the channel's schema is asynchronous
   */
  trySend<V extends T>(value: V): Awaitable<Result<void, ChannelFull<V> | ChannelClosed<V>>> {
    return this[portSymbol].trySend(value) as Awaitable<Result<void, ChannelFull<V> | ChannelClosed<V>>>
  }

  /**
   * Sends values one after the other, with nothing of other senders between them, waiting for room.
   *
   * Cancel safety: a batch that fits in the capacity is sent as a whole or not at all. A larger one goes in as there is room;
   * if it is aborted or timed out after some values went in, it throws {@link ChannelPartialSend}, which says how many.
   *
   * @throws ChannelClosed as in {@link send}; `value` is the array of those that were not sent
   * @throws ChannelPartialSend when a batch larger than the capacity was given up half-way
   * @throws ChannelTimeout, ChannelSchemaError, the signal's reason: as in {@link send}, and nothing was sent
   */
  sendBatch(values: Iterable<T>, options?: WaitOptions): Promise<void> {
    try {
      const fault = waitFault(options)
      if (fault !== undefined) throw fault
      return this[portSymbol].sendBatch(arrayOf(values), options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Sends all values if there is room for all of them now, else none. The error gives them back. */
  trySendBatch<V extends T>(
    values: Iterable<V>,
  ): Awaitable<Result<void, ChannelFull<readonly V[]> | ChannelClosed<readonly V[]>>> {
    return this[portSymbol].trySendBatch(arrayOf(values)) as Awaitable<
      Result<void, ChannelFull<readonly V[]> | ChannelClosed<readonly V[]>>
    >
  }

  /**
   * Waits for room and holds it: sending with the {@link Permit} cannot fail for want of room.
   *
   * Cancel safety: when it was aborted or timed out, no slot is held.
   *
   * @throws ChannelClosed, ChannelTimeout, the signal's reason: as in {@link send}
   */
  reserve(options?: WaitOptions): Promise<Permit<T>> {
    const fault = waitFault(options)
    if (fault !== undefined) return Promise.reject(fault)
    return quiet(this[portSymbol].reserve(options).then(Permit.over))
  }

  /**
   * Another sender for the same channel, which has to be closed too.
   *
   * @throws ChannelClosed when this sender is closed
   */
  clone(): Sender<T> {
    return Sender.over(this[portSymbol].clone())
  }

  /** Exact numbers, from whoever holds the channel. */
  stats(): Awaitable<ChannelStats> {
    return this[portSymbol].stats()
  }

  /**
   * This sender as a Web Stream, with the channel's backpressure. The stream takes the sender over: closing or aborting it closes
   * the sender (write to `tx.clone().writable()` to keep it), and it fails when no receiver is left.
   *
   * Node streams: `Writable.fromWeb(tx.writable())`.
   */
  writable(): WritableStream<T> {
    return writableTo(this[portSymbol])
  }

  /** @internal */
  [passSymbol](): Sender<T> {
    return this.clone()
  }

  /** @internal */
  [sendSymbol](value: T): SelectSource<Result<void, ChannelClosed>> {
    return this[portSymbol].sendSource(value)
  }
}

/** A {@link Sender} in the same process as its channel: what does not wait answers at once. */
export interface LocalSender<in T> extends Sender<T> {
  trySend<V extends T>(value: V): Result<void, ChannelFull<V> | ChannelClosed<V>>
  trySendBatch<V extends T>(values: Iterable<V>): Result<void, ChannelFull<readonly V[]> | ChannelClosed<readonly V[]>>
  clone(): LocalSender<T>
  close(): void
  stats(): ChannelStats
}

function arrayOf<V>(values: Iterable<V>): readonly V[] {
  if (Array.isArray(values)) return values
  if (typeof (values as Iterable<V> | undefined)?.[Symbol.iterator] === 'function') return [...values]
  throw new TypeError(`'values' must be an iterable, got ${show(values)}`)
}
