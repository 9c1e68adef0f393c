import type { Delivery } from '../../core/ports.ts'
import { checkCount, checkFlag, checkKeys, checkSignal, checkTime, show } from '../arguments.ts'

/** What the workers of a pool get out of a channel of `Message`s: in acknowledged mode the value of the delivery. */
export type PoolItem<Message> = [Message] extends [Delivery<infer Value>] ? Value : Message

/** How the number of a pool's workers follows the work. */
export interface PoolScale {
  /** Workers that are there in any case; a positive integer. */
  readonly min: number
  /** The most workers; not less than `min`. */
  readonly max: number
  /** Milliseconds for which all workers must be busy, with items waiting, before there are more of them. At most twice that. Default: 100. */
  readonly busyTime?: number | undefined
  /** Milliseconds after which a worker that has nothing to do stops, as long as there are more than `min`. Default: 5,000. */
  readonly idleTime?: number | undefined
}

/** How many workers a pool has: so many, or as many as are needed. */
export type PoolSize =
  | {
      /** How many workers; a positive integer. With `scale`: how many at first; default: `min`. */
      readonly size: number
      readonly scale?: undefined
    }
  | { readonly size?: number | undefined; readonly scale: PoolScale }

/** Options of every pool. */
export type PoolOptions<Item, Result> = PoolSize & PoolListeners<Item, Result>

/** What a pool does with results and failures. */
export interface PoolListeners<in Item, in Result> {
  /**
   * Gets what came of each item. The worker takes no other item until what it returns has settled, so a result can be sent on:
   * `onResult: (result) => results.send(result)`. When it throws, the pool fails with that.
   */
  readonly onResult?: ((result: Result, item: Item) => unknown) | undefined
  /**
   * Gets what has failed for good, with the item. The pool goes on when this settles, and fails when this throws. Absent: the pool fails with
   * the first error, as a loop would.
   */
  readonly onError?: ((error: unknown, item: Item) => unknown) | undefined
  /**
   * Gets the error in place of an item that the channel could not give out: its schema refuses what another program has sent, or it can not be decoded. The pool
   * goes on when this settles. Absent: the pool fails with it.
   */
  readonly onUnreadable?: ((error: unknown) => unknown) | undefined
  /**
   * How often an item is tried again whose worker died, so that it may have been begun; Infinity: until it is done. Default: 0, for an acknowledged
   * channel 3.
   */
  readonly retries?: number | undefined
  /** Try again, as often as `retries` says, also when the handler or the method throws. Default: false, for an acknowledged channel true. */
  readonly retryErrors?: boolean | undefined
  /** Ends the pool at once, as {@link Pool.kill} does; `done` rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** {@link PoolScale}, checked and complete. */
export interface ScaleSettings {
  readonly min: number
  readonly max: number
  readonly busyTime: number
  readonly idleTime: number
}

/** {@link PoolOptions}, checked and complete. */
export interface PoolSettings<Item, Result> {
  readonly size: number
  readonly scale: ScaleSettings | undefined
  readonly onResult: PoolListeners<Item, Result>['onResult']
  readonly onError: PoolListeners<Item, Result>['onError']
  readonly onUnreadable: PoolListeners<Item, Result>['onUnreadable']
  readonly retries: number
  readonly retryErrors: boolean
  readonly signal: AbortSignal | undefined
}

const keys = ['size', 'scale', 'onResult', 'onError', 'onUnreadable', 'retries', 'retryErrors', 'signal']

/**
 * Checks the options of a pool and fills in the defaults.
 *
 * @throws TypeError, RangeError naming the option, its value and what is allowed
 */
export function poolSettings<Item, Result>(
  options: PoolOptions<Item, Result>,
  acknowledged: boolean,
  furtherKeys: readonly string[] = [],
): PoolSettings<Item, Result> {
  checkKeys('the options of pool', options, [...keys, ...furtherKeys])
  const {
    onResult,
    onError,
    onUnreadable,
    retries = acknowledged ? 3 : 0,
    retryErrors = acknowledged,
    signal,
  } = options
  checkListener('onResult', onResult)
  checkListener('onError', onError)
  checkListener('onUnreadable', onUnreadable)
  checkCount('retries', retries, 0, true)
  checkFlag('retryErrors', retryErrors)
  checkSignal(signal)
  const scale = scaleSettings(options.scale)
  const size = options.size ?? scale?.min
  if (size === undefined) throw new TypeError("a pool needs a 'size', or a 'scale' from 'min' to 'max' workers")
  checkCount('size', size, 1, false)
  if (scale !== undefined) checkWithin('size', size, scale)
  return { size, scale, onResult, onError, onUnreadable, retries, retryErrors, signal }
}

/** @throws RangeError when a pool may not have so many workers */
export function checkWithin(name: string, size: number, { min, max }: ScaleSettings): void {
  if (size < min || size > max) throw new RangeError(`'${name}' must be from ${min} to ${max}, got ${size}`)
}

function scaleSettings(scale: PoolScale | undefined): ScaleSettings | undefined {
  if (scale === undefined) return undefined
  checkKeys("'scale'", scale, ['min', 'max', 'busyTime', 'idleTime'])
  const { min, max, busyTime = 100, idleTime = 5_000 } = scale
  checkCount('scale.min', min, 1, false)
  checkCount('scale.max', max, 1, false)
  if (max < min) throw new RangeError(`'scale.max' must be at least 'scale.min', which is ${min}, got ${max}`)
  checkTime('scale.busyTime', busyTime)
  checkTime('scale.idleTime', idleTime)
  return { min, max, busyTime, idleTime }
}

function checkListener(name: string, listener: unknown): void {
  if (listener !== undefined && typeof listener !== 'function') {
    throw new TypeError(`'${name}' must be a function, got ${show(listener)}`)
  }
}
