import { Broadcast } from '../core/broadcast.ts'
import { LocalBroadcastReceivePort, LocalBroadcastSendPort } from '../core/broadcast-ports.ts'
import type { BroadcastReceivePort, BroadcastSendPort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import { type ChannelClosed, type ChannelEmpty, ChannelLagged } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { checkCount, checkKeys, show, waitFault } from './arguments.ts'
import { promised, whenKnown } from './awaitable.ts'
import { ChannelEnd, SendingEnd } from './channel-end.ts'
import { passSymbol, portSymbol, type Selectable, selectSymbol } from './handle.ts'
import { ReceiveIterator } from './receive-iterator.ts'
import { systemClock } from './system-clock.ts'

/** Options of {@link broadcast}. */
export interface BroadcastOptions {
  /** How many values a receiver can be behind before it misses some; a positive integer. Default: 10,000. */
  readonly capacity?: number | undefined
}

/** Options of {@link BroadcastReceiver.iterate}. */
export interface IterateOptions {
  /** Called when values were missed, instead of throwing {@link ChannelLagged}; the iteration goes on with the oldest there is. */
  readonly onLag?: ((missed: number) => void) | undefined
}

/**
 * The sending end of a {@link broadcast}. Clone it to send from more places.
 *
 * Source of the semantics: tokio's `broadcast::Sender`.
 */
export class BroadcastSender<in out T> extends SendingEnd<BroadcastSendPort<T>> {
  /** @internal */
  static over<T>(port: BroadcastSendPort<T>): BroadcastSender<T> {
    return new BroadcastSender(port)
  }

  get capacity(): number {
    return this[portSymbol].capacity
  }

  /** How many receivers there are. Across threads: as far as is known here. */
  get receiverCount(): number {
    return this[portSymbol].receiverCount
  }

  /**
   * Sends a value to all receivers and returns how many there are. It never waits for a slow one.
   *
   * @throws ChannelClosed with the value, when this sender is closed
   */
  send(value: T): Promise<number> {
    return promised(() => this[portSymbol].send(value))
  }

  /** The same, with the error as a result. */
  trySend(value: T): Awaitable<Result<number, ChannelClosed<T>>> {
    return this[portSymbol].send(value) as Awaitable<Result<number, ChannelClosed<T>>>
  }

  /** A new receiver, which sees every value that is sent from now on. */
  subscribe(): Awaitable<BroadcastReceiver<T>> {
    return whenKnown(this[portSymbol].subscribe(), BroadcastReceiver.over)
  }

  /** Another sender, which has to be closed too. */
  clone(): BroadcastSender<T> {
    return BroadcastSender.over(this[portSymbol].clone())
  }

  /** @internal */
  [passSymbol](): BroadcastSender<T> {
    return this.clone()
  }
}

/** One receiver of a {@link broadcast}: it sees every value that was sent after it was made. */
export class BroadcastReceiver<out T>
  extends ChannelEnd<BroadcastReceivePort<T>>
  implements AsyncIterable<T, undefined>, Selectable<Result<T, ChannelLagged | ChannelClosed>>
{
  /** @internal */
  static over<T>(port: BroadcastReceivePort<T>): BroadcastReceiver<T> {
    return new BroadcastReceiver(port)
  }

  get capacity(): number {
    return this[portSymbol].capacity
  }

  /** Values that it has not read yet and that are still retained. */
  get length(): number {
    return this[portSymbol].length
  }

  /**
   * Reads the next value, waiting for it.
   *
   * Cancel safety: when it was aborted or timed out, no value was read.
   *
   * @throws ChannelLagged once when this receiver was too slow; the next call goes on with the oldest value that is retained
   * @throws ChannelClosed when no sender is left and all was read, or when this receiver is closed, also while it waits
   * @throws ChannelTimeout when nothing came in time
   * @throws the signal's reason, when it aborts
   */
  recv(options?: WaitOptions): Promise<T> {
    const fault = waitFault(options)
    return fault === undefined ? this[portSymbol].recv(options) : Promise.reject(fault)
  }

  /** Reads the next value if it is there. */
  tryRecv(): Awaitable<Result<T, ChannelEmpty | ChannelLagged | ChannelClosed>> {
    return this[portSymbol].tryRecv()
  }

  /** A new receiver, which sees every value that is sent from now on. */
  subscribe(): Awaitable<BroadcastReceiver<T>> {
    return whenKnown(this[portSymbol].subscribe(), BroadcastReceiver.over)
  }

  /** A new receiver, which has read exactly as much as this one. */
  clone(): Awaitable<BroadcastReceiver<T>> {
    return whenKnown(this[portSymbol].clone(), BroadcastReceiver.over)
  }

  /**
   * Reads values until the channel has closed and all was read, or this receiver is closed. Throws {@link ChannelLagged} when this
   * receiver was too slow: use {@link iterate} to go on instead. Leaving the loop loses nothing.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return this.iterate()
  }

  /**
   * Reads values like a `for await` over the receiver itself, with a say in what happens when some were missed.
   *
   * @example
   * ```ts
   * import { broadcast } from '@klaw/core/channel'
   *
   * const [tx, rx] = broadcast<number>({ capacity: 2 })
   * for (const n of [1, 2, 3]) await tx.send(n)
   * tx.close()
   * for await (const n of rx.iterate({ onLag: (missed) => console.log(`missed ${missed}`) })) console.log(n)
   * ```
   */
  iterate(options: IterateOptions = {}): AsyncIterableIterator<T, undefined> {
    checkKeys('options', options, ['onLag'])
    const { onLag } = options
    if (onLag === undefined) return new ReceiveIterator(this[portSymbol].recvSource())
    if (typeof onLag !== 'function') throw new TypeError(`'onLag' must be a function, got ${show(onLag)}`)
    return new ReceiveIterator(this[portSymbol].recvSource(), (error) => {
      if (!(error instanceof ChannelLagged)) return false
      onLag(error.missed)
      return true
    })
  }

  [selectSymbol](): SelectSource<Result<T, ChannelLagged | ChannelClosed>> {
    return this[portSymbol].recvSource()
  }
}

/** A {@link BroadcastSender} in this process: what does not wait answers at once. */
export interface LocalBroadcastSender<in out T> extends BroadcastSender<T> {
  trySend(value: T): Result<number, ChannelClosed<T>>
  subscribe(): LocalBroadcastReceiver<T>
  clone(): LocalBroadcastSender<T>
  close(): void
}

/** A {@link BroadcastReceiver} in this process: what does not wait answers at once. */
export interface LocalBroadcastReceiver<out T> extends BroadcastReceiver<T> {
  tryRecv(): Result<T, ChannelEmpty | ChannelLagged | ChannelClosed>
  subscribe(): LocalBroadcastReceiver<T>
  clone(): LocalBroadcastReceiver<T>
  close(): void
}

/**
 * Makes a channel of which every receiver sees every value. Nobody waits for a slow receiver: one that falls more than `capacity` values
 * behind is told once how many it missed, and goes on with the oldest value that is retained.
 *
 * @throws RangeError, TypeError for wrong options
 *
 * @example
 * ```ts
 * import { broadcast } from '@klaw/core/channel'
 *
 * const [tx, rx] = broadcast<string>({ capacity: 100 })
 * const other = tx.subscribe()
 * console.log(await tx.send('to everybody'))
 * console.log(await rx.recv(), await other.recv())
 * ```
 */
export function broadcast<T>(
  options: BroadcastOptions = {},
): [sender: LocalBroadcastSender<T>, receiver: LocalBroadcastReceiver<T>] {
  checkKeys('broadcast options', options, ['capacity'])
  const { capacity = 10_000 } = options
  checkCount('capacity', capacity, 1, false)
  const state = new Broadcast<T>(capacity)
  const sender = BroadcastSender.over(new LocalBroadcastSendPort(state, systemClock)) as LocalBroadcastSender<T>
  const receiver = BroadcastReceiver.over(
    new LocalBroadcastReceivePort(state.subscribe(), state.capacity, systemClock),
  ) as LocalBroadcastReceiver<T>
  return [sender, receiver]
}
