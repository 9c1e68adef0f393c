import type { Passing } from '../core/mpmc.ts'
import { openOneshot } from '../core/oneshot.ts'
import type { OneshotReceivePort, OneshotSendPort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import type { ChannelClosed, ChannelEmpty } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { waitFault } from './arguments.ts'
import { promised } from './awaitable.ts'
import { ChannelEnd, SendingEnd } from './channel-end.ts'
import { portSymbol, type Selectable, selectSymbol } from './handle.ts'
import { passing } from './passing.ts'
import { systemClock } from './system-clock.ts'

/**
 * The sending end of a {@link oneshot}: one value, one use.
 *
 * Source of the semantics: tokio's `oneshot::Sender`.
 */
export class OneshotSender<in T> extends SendingEnd<OneshotSendPort<T>> {
  /** @internal */
  static over<T>(port: OneshotSendPort<T>): OneshotSender<T> {
    return new OneshotSender(port)
  }

  /**
   * Sends the value. It never waits for the receiver.
   *
   * @throws ChannelClosed with the value, when the receiver has closed, or this end has sent or was closed
   */
  send(value: T): Promise<void> {
    return promised(() => this[portSymbol].trySend(value))
  }

  /** Sends the value; the error gives it back. */
  trySend<V extends T>(value: V): Awaitable<Result<void, ChannelClosed<V>>> {
    return this[portSymbol].trySend(value) as Awaitable<Result<void, ChannelClosed<V>>>
  }
}

/** The receiving end of a {@link oneshot}. */
export class OneshotReceiver<out T>
  extends ChannelEnd<OneshotReceivePort<T>>
  implements Selectable<Result<T, ChannelClosed>>
{
  /** @internal */
  static over<T>(port: OneshotReceivePort<T>): OneshotReceiver<T> {
    return new OneshotReceiver(port)
  }

  /**
   * Takes the value, waiting for it.
   *
   * Cancel safety: when it was aborted or timed out, the value was not taken.
   *
   * @throws ChannelClosed when the sender closed without a value, the value was taken already, or this end is closed
   * @throws ChannelTimeout when it did not come in time
   * @throws the signal's reason, when it aborts
   */
  recv(options?: WaitOptions): Promise<T> {
    const fault = waitFault(options)
    return fault === undefined ? this[portSymbol].recv(options) : Promise.reject(fault)
  }

  /** Takes the value if it is there. */
  tryRecv(): Awaitable<Result<T, ChannelEmpty | ChannelClosed>> {
    return this[portSymbol].tryRecv()
  }

  [selectSymbol](): SelectSource<Result<T, ChannelClosed>> {
    return this[portSymbol].recvSource()
  }
}

/** A {@link OneshotSender} in this process: what does not wait answers at once. */
export interface LocalOneshotSender<in T> extends OneshotSender<T> {
  trySend<V extends T>(value: V): Result<void, ChannelClosed<V>>
  close(): void
}

/** A {@link OneshotReceiver} in this process: what does not wait answers at once. */
export interface LocalOneshotReceiver<out T> extends OneshotReceiver<T> {
  tryRecv(): Result<T, ChannelEmpty | ChannelClosed>
  close(): void
}

/**
 * Makes a channel for one value, as a reply: a value that was sent before the sender closed is still delivered, and `closed` tells
 * the sender that nobody waits any more.
 *
 * @example
 * ```ts
 * import { oneshot } from '@klaw/core/channel'
 *
 * const [reply, answer] = oneshot<number>()
 * await reply.send(42)
 * console.log(await answer.recv())
 * ```
 */
export function oneshot<T>(): [sender: LocalOneshotSender<T>, receiver: LocalOneshotReceiver<T>] {
  const [send, receive] = openOneshot<T>(systemClock, passing as Passing<T, T>)
  return [
    OneshotSender.over(send) as OneshotSender<T> as LocalOneshotSender<T>,
    OneshotReceiver.over(receive) as LocalOneshotReceiver<T>,
  ]
}
