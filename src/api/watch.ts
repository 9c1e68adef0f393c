import type { WaitOptions, WatchReceivePort, WatchSendPort } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import { Watch } from '../core/watch.ts'
import { LocalWatchReceivePort, LocalWatchSendPort } from '../core/watch-ports.ts'
import type { ChannelClosed } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { show, waitFault } from './arguments.ts'
import { promised, whenKnown } from './awaitable.ts'
import { ChannelEnd, SendingEnd } from './channel-end.ts'
import { passSymbol, portSymbol, type Selectable, selectSymbol } from './handle.ts'
import { ReceiveIterator } from './receive-iterator.ts'
import { systemClock } from './system-clock.ts'

/**
 * The sending end of a {@link watch}. Clone it to send from more places.
 *
 * Source of the semantics: tokio's `watch::Sender`.
 */
export class WatchSender<in out T> extends SendingEnd<WatchSendPort<T>> {
  /** @internal */
  static over<T>(port: WatchSendPort<T>): WatchSender<T> {
    return new WatchSender(port)
  }

  /** How many receivers there are. Across threads: as far as is known here. */
  get receiverCount(): number {
    return this[portSymbol].receiverCount
  }

  /**
   * The latest value. Across threads: the latest that has arrived here.
   *
   * @throws ChannelClosed when this sender is closed
   */
  borrow(): T {
    return this[portSymbol].borrow()
  }

  /**
   * Replaces the latest value and tells all receivers. It never waits for them.
   *
   * @throws ChannelClosed with the value, when this sender is closed
   */
  send(value: T): Promise<void> {
    return promised(() => this[portSymbol].send(value))
  }

  /**
   * Replaces the latest value by what `change` makes of it; no other change comes in between. `change` must return at once; it may run
   * more than once across threads, when others change the value too.
   *
   * @throws ChannelClosed when this sender is closed
   * @throws what `change` throws; then nothing has changed and nobody is told
   */
  update(change: (value: T) => T): Promise<void> {
    return promised(() => {
      if (typeof change !== 'function') throw new TypeError(`'change' must be a function, got ${show(change)}`)
      return this[portSymbol].update(change)
    })
  }

  /** A new receiver, to which the latest value counts as seen. */
  subscribe(): Awaitable<WatchReceiver<T>> {
    return whenKnown(this[portSymbol].subscribe(), WatchReceiver.over)
  }

  /** Another sender, which has to be closed too. */
  clone(): WatchSender<T> {
    return WatchSender.over(this[portSymbol].clone())
  }

  /** @internal */
  [passSymbol](): WatchSender<T> {
    return this.clone()
  }
}

/** One receiver of a {@link watch}. As a case of `select` it brings the latest value once that was not seen yet. */
export class WatchReceiver<out T>
  extends ChannelEnd<WatchReceivePort<T>>
  implements AsyncIterable<T, undefined>, Selectable<Result<T, ChannelClosed>>
{
  /** @internal */
  static over<T>(port: WatchReceivePort<T>): WatchReceiver<T> {
    return new WatchReceiver(port)
  }

  /**
   * The latest value, without marking it as seen. Across threads: the latest that has arrived here.
   *
   * @throws ChannelClosed when this receiver is closed
   */
  borrow(): T {
    return this[portSymbol].borrow()
  }

  /** The latest value, marked as seen. */
  borrowAndUpdate(): T {
    return this[portSymbol].markSeen()
  }

  /** True when there is a value that was not seen yet. */
  hasChanged(): boolean {
    return this[portSymbol].hasChanged()
  }

  /**
   * Waits for a value that was not seen yet, and marks it as seen: `borrow` it then. Values that came and went in between are skipped.
   *
   * Cancel safety: when it was aborted or timed out, nothing was marked as seen.
   *
   * @throws ChannelClosed when no sender is left and the last value was seen, or when this receiver is closed, also while it waits
   * @throws ChannelTimeout when nothing changed in time
   * @throws the signal's reason, when it aborts
   */
  changed(options?: WaitOptions): Promise<void> {
    const fault = waitFault(options)
    return fault === undefined ? this[portSymbol].changed(options) : Promise.reject(fault)
  }

  /** A new receiver, to which the latest value counts as seen. */
  subscribe(): Awaitable<WatchReceiver<T>> {
    return whenKnown(this[portSymbol].subscribe(), WatchReceiver.over)
  }

  /** A new receiver, which has seen exactly as much as this one. */
  clone(): Awaitable<WatchReceiver<T>> {
    return whenKnown(this[portSymbol].clone(), WatchReceiver.over)
  }

  /** The latest value each time that there is one that was not seen yet, until the channel has closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return new ReceiveIterator(this[portSymbol].changedSource())
  }

  [selectSymbol](): SelectSource<Result<T, ChannelClosed>> {
    return this[portSymbol].changedSource()
  }
}

/** A {@link WatchSender} in this process: what does not wait answers at once. */
export interface LocalWatchSender<in out T> extends WatchSender<T> {
  subscribe(): LocalWatchReceiver<T>
  clone(): LocalWatchSender<T>
  close(): void
}

/** A {@link WatchReceiver} in this process: what does not wait answers at once. */
export interface LocalWatchReceiver<out T> extends WatchReceiver<T> {
  subscribe(): LocalWatchReceiver<T>
  clone(): LocalWatchReceiver<T>
  close(): void
}

/**
 * Makes a channel that holds the latest value, as a configuration or a state: receivers look at it whenever they like, and can wait for
 * it to change. `initial` counts as seen.
 *
 * @example
 * ```ts
 * import { watch } from '@klaw/core/channel'
 *
 * const [tx, rx] = watch({ level: 'info' })
 * await tx.send({ level: 'debug' })
 * await rx.changed()
 * console.log(rx.borrow().level)
 * ```
 */
export function watch<T>(initial: T): [sender: LocalWatchSender<T>, receiver: LocalWatchReceiver<T>] {
  const state = new Watch(initial)
  const sender = WatchSender.over(new LocalWatchSendPort(state, systemClock)) as LocalWatchSender<T>
  const receiver = WatchReceiver.over(new LocalWatchReceivePort(state.observe(), systemClock)) as LocalWatchReceiver<T>
  return [sender, receiver]
}
