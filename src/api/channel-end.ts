import type { WaitOptions } from '../core/ports.ts'
import type { Awaitable } from '../result.ts'
import { waitFault } from './arguments.ts'
import { type EncodeContext, type EncodedHandle, handleSymbol, handOver, portSymbol } from './handle.ts'

interface EndPort {
  readonly isClosed: boolean
  close(): Awaitable<void>
}

interface SendingEndPort extends EndPort {
  closed(options: WaitOptions | undefined): Promise<void>
}

/** What the ends of all channels have in common: they stand on a port, can be closed, and can be handed on. */
export abstract class ChannelEnd<out Port extends EndPort> implements AsyncDisposable {
  /** @internal */
  readonly [portSymbol]: Port

  protected constructor(port: Port) {
    this[portSymbol] = port
  }

  /**
   * True when this end is of no use any more: it was closed or, for a receiver, no sender is left and everything was received; for the
   * sender of a `channel` or a `oneshot`, no receiver is left. That nobody listens is no reason not to send to a `broadcast` or a `watch`.
   */
  get isClosed(): boolean {
    return this[portSymbol].isClosed
  }

  /**
   * Closes this end. Idempotent.
   *
   * Sends of this end that wait are still delivered; receives of this end that wait fail with `ChannelClosed`. When it was the last
   * sender, receivers first get what was sent, then `ChannelClosed`. When it was the last receiver, what is buffered is dropped.
   */
  close(): Awaitable<void> {
    return this[portSymbol].close()
  }

  /** Closes this end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal */
  [handleSymbol](context: EncodeContext): EncodedHandle {
    return handOver(this[portSymbol], context)
  }
}

/** What the sending ends of all channels have in common. */
export abstract class SendingEnd<out Port extends SendingEndPort> extends ChannelEnd<Port> {
  /**
   * Waits until nobody can receive any more, or this end is closed (a `oneshot` also once it has sent).
   *
   * Cancel safety: it has no effect.
   *
   * @throws ChannelTimeout, the signal's reason
   */
  closed(options?: WaitOptions): Promise<void> {
    const fault = waitFault(options)
    return fault === undefined ? this[portSymbol].closed(options) : Promise.reject(fault)
  }
}
