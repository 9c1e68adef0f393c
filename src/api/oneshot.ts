import type { Passing } from '../core/mpmc.ts'
import { openOneshot } from '../core/oneshot.ts'
import type { OneshotReceivePort, OneshotSendPort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import type { ChannelClosed, ChannelEmpty } from '../errors.ts'
import { type Awaitable, type Result, unwrap } from '../result.ts'
import { waitFault } from './arguments.ts'
import {
  type EncodeContext,
  type EncodedHandle,
  handleSymbol,
  handOver,
  portSymbol,
  type Selectable,
  selectSymbol,
} from './handle.ts'
import { passing } from './passing.ts'
import { systemClock } from './system-clock.ts'

/**
 * The sending end of a {@link oneshot}: one value, one use.
 *
 * Source of the semantics: tokio's `oneshot::Sender`.
 */
export class OneshotSender<in T> implements AsyncDisposable {
  readonly #port: OneshotSendPort<T>

  private constructor(port: OneshotSendPort<T>) {
    this.#port = port
  }

  /** @internal */
  static over<T>(port: OneshotSendPort<T>): OneshotSender<T> {
    return new OneshotSender(port)
  }

  /** True when a send would fail: it has sent, was closed, or the receiver has closed. */
  get isClosed(): boolean {
    return this.#port.isClosed
  }

  /**
   * Sends the value. It never waits for the receiver.
   *
   * @throws ChannelClosed with the value, when the receiver has closed, or this end has sent or was closed
   */
  async send(value: T): Promise<void> {
    unwrap(await this.#port.trySend(value))
  }

  /** Sends the value; the error gives it back. */
  trySend<V extends T>(value: V): Awaitable<Result<void, ChannelClosed<V>>> {
    return this.#port.trySend(value) as Awaitable<Result<void, ChannelClosed<V>>>
  }

  /**
   * Waits until nobody waits for the value any more, to stop work that is not needed: the receiver has closed, or this end has sent
   * or was closed.
   *
   * Cancel safety: it has no effect.
   */
  closed(options?: WaitOptions): Promise<void> {
    const fault = waitFault(options)
    return fault === undefined ? this.#port.closed(options) : Promise.reject(fault)
  }

  /** Gives up: the receiver gets `ChannelClosed`, unless a value was sent before. Idempotent. */
  close(): Awaitable<void> {
    return this.#port.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal */
  get [portSymbol](): OneshotSendPort<T> {
    return this.#port
  }

  /** @internal */
  [handleSymbol](context: EncodeContext): EncodedHandle {
    return handOver(this.#port, context)
  }
}

/** The receiving end of a {@link oneshot}. */
export class OneshotReceiver<out T> implements AsyncDisposable, Selectable<Result<T, ChannelClosed>> {
  readonly #port: OneshotReceivePort<T>

  private constructor(port: OneshotReceivePort<T>) {
    this.#port = port
  }

  /** @internal */
  static over<T>(port: OneshotReceivePort<T>): OneshotReceiver<T> {
    return new OneshotReceiver(port)
  }

  /** True when a `recv` would fail: the value was taken, this end was closed, or the sender was, without a value. */
  get isClosed(): boolean {
    return this.#port.isClosed
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
    return fault === undefined ? this.#port.recv(options) : Promise.reject(fault)
  }

  /** Takes the value if it is there. */
  tryRecv(): Awaitable<Result<T, ChannelEmpty | ChannelClosed>> {
    return this.#port.tryRecv()
  }

  /** Tells the sender that nobody waits. A value that was sent and not taken is dropped. Idempotent. */
  close(): Awaitable<void> {
    return this.#port.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  [selectSymbol](): SelectSource<Result<T, ChannelClosed>> {
    return this.#port.recvSource()
  }

  /** @internal */
  get [portSymbol](): OneshotReceivePort<T> {
    return this.#port
  }

  /** @internal */
  [handleSymbol](context: EncodeContext): EncodedHandle {
    return handOver(this.#port, context)
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
