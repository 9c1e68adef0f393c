import { type EncodeContext, type EncodedHandle, handleSymbol } from '../codec/handles.ts'
import type { QueueEngine, QueuePort } from '../engine/queue-engine.ts'
import { Empty, Full } from '../errors.ts'
import { type ActorOptions, actorSpec } from './actor-options.ts'
import { checkCount, checkFlag, checkKeys, checkSignal, show } from './arguments.ts'
import type { ObjectRef } from './object-ref.ts'

/** What a queue is made with. */
export interface QueueOptions {
  /** How many items it holds at most. Default 0; 0 or less is without limit. */
  readonly maxsize?: number | undefined
  /**
   * Options of the actor behind the queue: `name`, `namespace`, `lifetime`, `getIfExists`, resources. Default `{ numCpus: 0 }`.
   * `maxConcurrency` is not needed: any number of calls can wait.
   */
  readonly actorOptions?: ActorOptions | undefined
}

/** How `put` and `get` wait. */
export interface QueueWaitOptions {
  /** False: only what is possible now; `timeout` is ignored. Default true. */
  readonly block?: boolean | undefined
  /** Milliseconds; 0 means "try now". Default: without limit. */
  readonly timeout?: number | undefined
  /** Rejects with the signal's reason, as long as the operation has had no effect. An item is never lost. */
  readonly signal?: AbortSignal | undefined
}

/** How a queue ends. */
export interface QueueShutdownOptions {
  /** At once. Default false: what this handle asked for before is carried out first. */
  readonly force?: boolean | undefined
  /** Seconds that the above may take. Default 5. */
  readonly gracePeriodS?: number | undefined
}

/**
 * A first-in first-out queue between threads: Ray's `ray.util.queue.Queue`, in camelCase.
 *
 * All methods reject with a `RayActorError` once the queue has been shut down, also those that were waiting. Pass it on in arguments, results
 * and messages; it lives as long as somebody holds it, or, with a `name`, like any other named actor.
 *
 * It differs from Ray's where Ray's own behaviour is a defect: a timeout of 0 succeeds if it can, shutting down settles what waits, a
 * consumer that ends takes no item with it, no number of waiting gets keeps puts out, and un-awaited puts of one handle keep their order.
 *
 * For data that flows for long between the same ends, channels are many times as fast.
 *
 * @example
 * ```ts
 * import { connect } from '@klaw/core'
 *
 * await using klaw = await connect()
 * const queue = klaw.queue<string>({ maxsize: 100 })
 * await queue.put('hello')
 * console.log(await queue.get({ timeout: 1_000 }))
 * ```
 */
export class Queue<T> implements Disposable, AsyncDisposable {
  readonly #port: QueuePort

  /** @internal Queues come from `klaw.queue`. */
  constructor(port: QueuePort) {
    this.#port = port
    collected.register(this, port, this)
  }

  /** Settles when the queue is there. Rejects with what every other call would fail with: `ActorAlreadyExistsError` and the like. */
  ready(): Promise<void> {
    return this.#port.ready()
  }

  /**
   * Puts an item in, behind all others; waits for room. An `ObjectRef` is resolved first. Calls of one handle keep their order, awaited or not.
   *
   * @throws Full when there was no room within the timeout; the item is not put in later
   * @throws RangeError for a negative timeout, unless `block` is false
   */
  async put(item: T | ObjectRef<T>, options?: QueueWaitOptions): Promise<void> {
    const limits = waitLimits('put', options)
    if (!(await this.#port.put(item, limits))) throw new Full(refusal('full', limits.timeout))
  }

  /** The same as {@link put}. */
  putAsync(item: T | ObjectRef<T>, options?: QueueWaitOptions): Promise<void> {
    return this.put(item, options)
  }

  /** Puts an item in if there is room now. Throws `Full`. */
  putNowait(item: T | ObjectRef<T>): Promise<void> {
    return this.put(item, { block: false })
  }

  /**
   * Puts all items in if there is room for all of them now, or none. Refs among them stay refs.
   *
   * @throws Full when there is not
   * @throws TypeError when `items` can not be iterated
   */
  async putNowaitBatch(items: Iterable<T>): Promise<void> {
    if (typeof (items as Partial<Iterable<T>> | null | undefined)?.[Symbol.iterator] !== 'function') {
      throw new TypeError("Argument 'items' must be an Iterable")
    }
    const batch = [...items]
    const refused = await this.#port.putAll(batch)
    if (refused === undefined) return
    const { size, maxsize } = refused
    throw new Full(`Cannot add ${batch.length} items to queue of size ${size} and maxsize ${maxsize}.`)
  }

  /**
   * Takes the first item out; waits for one.
   *
   * @throws Empty when there was none within the timeout; no item is taken later
   * @throws RangeError for a negative timeout, unless `block` is false
   */
  async get(options?: QueueWaitOptions): Promise<T> {
    const limits = waitLimits('get', options)
    const got = await this.#port.get(limits)
    if (got === undefined) throw new Empty(refusal('empty', limits.timeout))
    return got.item as T
  }

  /** The same as {@link get}. */
  getAsync(options?: QueueWaitOptions): Promise<T> {
    return this.get(options)
  }

  /** Takes the first item out if there is one now. Throws `Empty`. */
  getNowait(): Promise<T> {
    return this.get({ block: false })
  }

  /**
   * Takes the first `numItems` items out, or none.
   *
   * @throws Empty when there are not as many now
   */
  async getNowaitBatch(numItems: number): Promise<T[]> {
    checkCount('numItems', numItems, 0, false)
    const got = await this.#port.getMany(numItems)
    if ('items' in got) return [...got.items] as T[]
    throw new Empty(`Cannot get ${numItems} items from queue of size ${got.size}.`)
  }

  /** How many items are in the queue. */
  qsize(): Promise<number> {
    return this.#port.size()
  }

  /** The same as {@link qsize}. */
  size(): Promise<number> {
    return this.qsize()
  }

  /** Whether no item is in the queue. */
  async empty(): Promise<boolean> {
    return (await this.#port.size()) === 0
  }

  /** Whether there is no room. Always false without a largest size. */
  full(): Promise<boolean> {
    return this.#port.full()
  }

  /** Ends the queue, with all that is in it, for everybody who holds it. Idempotent. */
  async shutdown(options: QueueShutdownOptions = {}): Promise<void> {
    checkKeys('the options of shutdown', options, ['force', 'gracePeriodS'])
    const { force = false, gracePeriodS = 5 } = options
    checkFlag('force', force)
    if (typeof gracePeriodS !== 'number')
      throw new TypeError(`'gracePeriodS' must be a number of seconds, got ${show(gracePeriodS)}`)
    if (!(gracePeriodS >= 0))
      throw new RangeError(`'gracePeriodS' must be a non-negative number of seconds, got ${show(gracePeriodS)}`)
    await this.#port.shutdown(force, gracePeriodS * 1000)
  }

  /** Lets go of the queue: it goes on as long as others hold it, or it has a name. */
  [Symbol.dispose](): void {
    collected.unregister(this)
    this.#port.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]()
  }

  /** @internal */
  [handleSymbol](context: EncodeContext): EncodedHandle {
    return this.#port.export(context)
  }

  toString(): string {
    return `Queue(${this.#port.id})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

const collected = new FinalizationRegistry<QueuePort>((port) => port.release())

/** `Runtime.queue` */
export function createQueue<T>(engine: QueueEngine, options: QueueOptions = {}): Queue<T> {
  checkKeys('the options of queue', options, ['maxsize', 'actorOptions'])
  const { maxsize = 0, actorOptions } = options
  if (typeof maxsize !== 'number') throw new TypeError(`'maxsize' must be an integer, got ${show(maxsize)}`)
  if (!Number.isInteger(maxsize) && maxsize !== Number.POSITIVE_INFINITY) {
    throw new RangeError(`'maxsize' must be an integer, got ${show(maxsize)}; 0 or less is without limit`)
  }
  const spec = actorSpec({ numCpus: 0, ...actorOptions })
  return new Queue<T>(engine.create(maxsize > 0 ? maxsize : Number.POSITIVE_INFINITY, spec))
}

/** Checks how an operation may wait. */
function waitLimits(
  operation: string,
  options: QueueWaitOptions | undefined,
): { timeout?: number | undefined; signal?: AbortSignal | undefined } {
  if (options === undefined) return {}
  checkKeys(`the options of ${operation}`, options, ['block', 'timeout', 'signal'])
  const { block = true, timeout, signal } = options
  checkFlag('block', block)
  checkSignal(signal)
  if (!block) return { timeout: 0, signal }
  if (timeout !== undefined && typeof timeout !== 'number') {
    throw new TypeError(`'timeout' must be a number of milliseconds, got ${show(timeout)}`)
  }
  // The text is Ray's.
  if (timeout !== undefined && !(timeout >= 0)) throw new RangeError("'timeout' must be a non-negative number")
  return { timeout, signal }
}

function refusal(state: 'full' | 'empty', timeout: number | undefined): string {
  return timeout === 0 ? `the queue is ${state}` : `the queue was still ${state} after ${timeout} ms`
}
