import { show } from '../arguments.ts'
import { portSymbol } from '../handle.ts'
import { Receiver } from '../receiver.ts'
import { Control } from './control.ts'
import type { ExecutorFactory } from './executor.ts'
import { HandlerFactory, type PoolHandler } from './handler-executor.ts'
import { Intake } from './intake.ts'
import { type PoolItem, type PoolOptions, type PoolSettings, poolSettings } from './options.ts'
import { Pool } from './pool.ts'

/**
 * Has a function of this process deal with the items of a channel, as many at a time as there are workers.
 *
 * Each worker takes an item when it is free, and never in advance; other receivers of the channel, in other pools, threads or processes, get the others. The pool makes a
 * receiver of its own: close `receiver` if the pool should be the last one, and close the pool to end it before the channel has ended.
 *
 * Of an acknowledged channel the workers get the values; the pool acknowledges what is done, and gives back what failed, so that it is delivered again.
 *
 * The same for actors is `klaw.pool`.
 *
 * @param handler its result goes to `onResult`, what it throws to `onError`
 * @param options `size` or `scale`: how many workers
 * @throws TypeError, RangeError for a wrong argument, naming it
 * @throws ChannelClosed when `receiver` is closed
 *
 * @example
 * ```ts
 * import { channel, pool } from '@klaw/core'
 *
 * const [tx, rx] = channel<string>({ capacity: 100 })
 * const lengths = pool(rx, async (word, { worker }) => `${worker}: ${word.length}`, {
 *   scale: { min: 1, max: 8 },
 *   onResult: (line) => console.log(line),
 *   onError: (error, word) => console.error(word, error),
 * })
 * for (const word of ['reader', 'pool']) await tx.send(word)
 * tx.close()
 * const { processed } = await lengths.done
 * console.log(processed)
 * ```
 */
export function pool<Message, Result>(
  receiver: Receiver<Message>,
  handler: PoolHandler<PoolItem<Message>, Result>,
  options: PoolOptions<PoolItem<Message>, Result>,
): Pool<PoolItem<Message>> {
  return new Pool(openHandlerPool(receiver, handler, options))
}

/** {@link pool}, for whoever has to be able to end it. */
export function openHandlerPool<Item, Result>(
  receiver: Receiver<unknown>,
  handler: PoolHandler<Item, Result>,
  options: PoolOptions<Item, Result>,
): Control<Item, Result> {
  if (typeof handler !== 'function') throw new TypeError(`'handler' must be a function, got ${show(handler)}`)
  const settings = poolSettings(options, isAcknowledged(receiver))
  return openPool(receiver, new HandlerFactory(handler), settings)
}

/** Starts a pool; everything has been checked. */
export function openPool<Item, Result>(
  receiver: Receiver<unknown>,
  factory: ExecutorFactory<Item, Result>,
  settings: PoolSettings<Item, Result>,
): Control<Item, Result> {
  return new Control(new Intake<Item>(receiver), factory, settings)
}

/** @throws TypeError when `receiver` is none of a channel */
export function isAcknowledged(receiver: Receiver<unknown>): boolean {
  if (!(receiver instanceof Receiver)) {
    throw new TypeError(`'receiver' must be the Receiver of a channel, got ${show(receiver)}`)
  }
  return receiver[portSymbol].acknowledged
}
