import type { Clock } from '../core/clock.ts'
import type { ChannelStats, ReceivePort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import type { ChannelClosed, ChannelEmpty } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { checkCount, checkKeys, checkSignal, checkTime, waitFault } from './arguments.ts'
import { ChannelEnd } from './channel-end.ts'
import { passSymbol, portSymbol, type Selectable, selectSymbol } from './handle.ts'
import { quiet } from './quiet.ts'
import { receiveBatch } from './receive-batch.ts'
import { ReceiveIterator } from './receive-iterator.ts'
import { systemClock } from './system-clock.ts'
import { readableFrom } from './web-streams.ts'

/** How much {@link Receiver.recvBatch} takes, and how long it waits. */
export interface RecvBatchOptions extends WaitOptions {
  /** The most that it takes; a positive integer. Absent: all there is. */
  readonly max?: number | undefined
  /** Milliseconds to wait for more, once there is one and as long as there are fewer than `max`. Absent: 0. */
  readonly maxWait?: number | undefined
}

/**
 * The receiving end of a channel. Clone it to receive in more places: each item goes to exactly one receiver. The channel is closed
 * for its senders when all clones are closed.
 *
 * What never waits (`tryRecv`, `clone`, `close`, `stats`) answers at once in process ({@link LocalReceiver}) and may be a promise
 * across threads and machines: code for every engine writes `await`.
 *
 * Like every promise in JavaScript, the one of `recv` follows a thenable that it is given: a channel of promises or `ObjectRef`s
 * yields them as they are by `tryRecv`, `recvBatch` and iteration.
 */
export class Receiver<out T>
  extends ChannelEnd<ReceivePort<T>>
  implements AsyncIterable<T, undefined>, Selectable<Result<T, ChannelClosed>>
{
  readonly #clock: Clock

  private constructor(port: ReceivePort<T>, clock: Clock) {
    super(port)
    this.#clock = clock
  }

  /** @internal */
  static over<T>(port: ReceivePort<T>, clock: Clock = systemClock): Receiver<T> {
    return new Receiver(port, clock)
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
   * Takes the next item, waiting for one. Receivers that wait are served in the order in which they came.
   *
   * Cancel safety: when it was aborted or timed out, no item was taken.
   *
   * @param options `timeout` in milliseconds, 0 for "only if there is one now"; `signal` to abort
   * @throws ChannelClosed when no sender is left and all items were taken, or when this receiver is closed, also while it waits
   * @throws ChannelTimeout when nothing came in time
   * @throws the signal's reason, when it aborts
   *
   * @example
   * ```ts
   * import { channel } from '@klaw/core/channel'
   *
   * const [tx, rx] = channel<string>()
   * await tx.send('hello')
   * console.log(await rx.recv({ timeout: 500 }))
   * ```
   */
  recv(options?: WaitOptions): Promise<T> {
    if (options !== undefined) {
      const fault = waitFault(options)
      if (fault !== undefined) return Promise.reject(fault)
    }
    return this[portSymbol].recv(options)
  }

  /** Takes the next item if there is one now. */
  tryRecv(): Awaitable<Result<T, ChannelEmpty | ChannelClosed>> {
    return this[portSymbol].tryRecv()
  }

  /**
   * Takes what there is, at least one item and at most `max`, waiting for the first.
   *
   * Cancel safety: when it was aborted or timed out before there was an item, none was taken. Once it has one, an abort only ends
   * the waiting for more: the batch is returned, not lost.
   *
   * @throws ChannelClosed, ChannelTimeout, the signal's reason: as in {@link recv}
   *
   * @example
   * ```ts
   * import { channel } from '@klaw/core/channel'
   *
   * const [tx, rx] = channel<number>()
   * await tx.sendBatch([1, 2, 3])
   * console.log(await rx.recvBatch({ max: 100, maxWait: 5 }))
   * ```
   */
  recvBatch(options: RecvBatchOptions = {}): Promise<T[]> {
    try {
      checkKeys('options', options, batchKeys)
      const { max = Number.POSITIVE_INFINITY, maxWait = 0, timeout, signal } = options
      checkCount('max', max, 1, true)
      checkTime('maxWait', maxWait)
      checkTime('timeout', timeout)
      checkSignal(signal)
      return quiet(receiveBatch(this[portSymbol], this.#clock, max, maxWait, { timeout, signal }))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Another receiver for the same channel, which has to be closed too.
   *
   * @throws ChannelClosed when this receiver is closed
   */
  clone(): Receiver<T> {
    return Receiver.over(this[portSymbol].clone(), this.#clock)
  }

  /** Exact numbers, from whoever holds the channel. */
  stats(): Awaitable<ChannelStats> {
    return this[portSymbol].stats()
  }

  /**
   * Takes items one by one, until the channel has closed and is drained, or this receiver is closed.
   *
   * Cancel safety: leaving the loop loses nothing, and leaves the receiver open.
   *
   * @example
   * ```ts
   * import { channel } from '@klaw/core/channel'
   *
   * const [tx, rx] = channel<number>()
   * await tx.sendBatch([1, 2, 3])
   * tx.close()
   * for await (const value of rx) console.log(value)
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ReceiveIterator(this[portSymbol].recvSource())
  }

  /**
   * This receiver as a Web Stream, which takes an item when it is asked for one and never in advance. Cancelling the stream closes
   * the receiver (read from `rx.clone().readable()` to keep it).
   *
   * Node streams: `Readable.fromWeb(rx.readable())`.
   */
  readable(): ReadableStream<T> {
    return readableFrom(this[portSymbol].recvSource(), () => this[portSymbol].close())
  }

  [selectSymbol](): SelectSource<Result<T, ChannelClosed>> {
    return this[portSymbol].recvSource()
  }

  /** @internal */
  [passSymbol](): Receiver<T> {
    return this.clone()
  }
}

/** A {@link Receiver} in the same process as its channel: what does not wait answers at once. */
export interface LocalReceiver<out T> extends Receiver<T> {
  tryRecv(): Result<T, ChannelEmpty | ChannelClosed>
  clone(): LocalReceiver<T>
  close(): void
  stats(): ChannelStats
}

const batchKeys = ['max', 'maxWait', 'timeout', 'signal']
