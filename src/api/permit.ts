import type { SlotPort } from '../core/ports.ts'
import { ChannelSchemaError, KlawError } from '../errors.ts'
import type { Awaitable } from '../result.ts'

/**
 * One slot of a channel, held for one value. Made by `reserve`.
 *
 * The channel does not end while a permit is out, even if all its senders are closed. Dispose of a permit that is not used,
 * else its slot is lost to everybody.
 *
 * @example
 * ```ts
 * import { channel } from '@klaw/core/channel'
 *
 * const [tx, rx] = channel<string>({ capacity: 1 })
 * const permit = await tx.reserve()
 * permit.send(await Promise.resolve('computed while the slot was held'))
 * console.log(await rx.recv())
 * ```
 */
export class Permit<in T> implements Disposable {
  readonly #slot: SlotPort<T>
  #used = false

  private constructor(slot: SlotPort<T>) {
    this.#slot = slot
  }

  /** @internal */
  static over<T>(slot: SlotPort<T>): Permit<T> {
    return new Permit(slot)
  }

  /**
   * Sends the value into the slot. It cannot fail for want of room. In process it has happened when this returns.
   *
   * @throws ChannelClosed with the value, when no receiver is left
   * @throws ChannelSchemaError when the channel's schema refuses the value; the permit can still be used
   * @throws KlawError when the permit was used already
   */
  send(value: T): Awaitable<void> {
    if (this.#used) throw new KlawError('the permit was used already')
    this.#used = true
    try {
      return this.#slot.send(value)
    } catch (error) {
      if (error instanceof ChannelSchemaError) this.#used = false
      throw error
    }
  }

  /** Gives the slot back. Does nothing when the permit was used. */
  release(): void {
    if (this.#used) return
    this.#used = true
    this.#slot.release()
  }

  /** The same as {@link release}. */
  [Symbol.dispose](): void {
    this.release()
  }
}
