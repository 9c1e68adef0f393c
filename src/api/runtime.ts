import type { SerializableClass, Serializer, SerializerRegistry } from '../codec/serializer-registry.ts'
import { actorPortOf, type NamedActor } from '../engine/actor-engine.ts'
import type { ChannelInfo } from '../engine/channel-engine.ts'
import type { NodeInfo, ResourceAmounts } from '../engine/cluster-engine.ts'
import type { Engine, EngineInfo, InfoOptions } from '../engine/engine.ts'
import { type ObjectStoreStats, portOf } from '../engine/object-engine.ts'
import type { ActorDefinition, AnyClass } from './actor.ts'
import { type ActorClass, actorClass } from './actor-class.ts'
import { actorHandle } from './actor-handle.ts'
import type { ActorOptions, TaskOptions } from './actor-options.ts'
import { checkFlag, checkKeys, show } from './arguments.ts'
import type { BroadcastReceiver, BroadcastSender } from './broadcast.ts'
import type { ObjectRef } from './object-ref.ts'
import {
  freeObjects,
  type GetProgressOptions,
  getObjects,
  type PutOptions,
  putObject,
  type RefValues,
  type WaitForOptions,
  waitForObjects,
} from './objects.ts'
import type { OneshotReceiver, OneshotSender } from './oneshot.ts'
import type { ActorPoolOptions, PoolMethodNames } from './pool/actor-pool-options.ts'
import type { PoolHandler } from './pool/handler-executor.ts'
import { openActorPool } from './pool/open-actor-pool.ts'
import { openHandlerPool } from './pool/open-pool.ts'
import type { PoolItem, PoolOptions } from './pool/options.ts'
import { Pool } from './pool/pool.ts'
import { RunningPools } from './pool/running-pools.ts'
import type { PyActorDefinition, PyFunctionDefinition, PyGeneratorDefinition } from './python.ts'
import { createQueue, type Queue, type QueueOptions } from './queue.ts'
import type { Receiver } from './receiver.ts'
import type { ActorHandle } from './remote-types.ts'
import {
  channelNamespace,
  checkName,
  type NamedOptions,
  type OpenChannel,
  openBroadcast,
  openChannel,
  openOneshot,
  openWatch,
  type RuntimeBroadcastOptions,
  type RuntimeChannelOptions,
} from './runtime-channels.ts'
import { type AnyFunction, type RemoteStreamTask, type RemoteTask, remoteTask, type TaskDefinition } from './task.ts'
import type { WatchReceiver, WatchSender } from './watch.ts'

/**
 * A connection to an engine: what `connect()` gives, and what `currentRuntime()` gives inside actors and tasks.
 *
 * Everything made through it belongs to it; when it is shut down, everything pending is refused with `RuntimeClosedError`.
 */
export class Runtime implements AsyncDisposable {
  readonly #engine: Engine
  readonly #serializers: SerializerRegistry
  readonly #closed: () => void
  readonly #pools = new RunningPools()

  /** @internal `closed` is called once, when the runtime begins to shut down. */
  constructor(engine: Engine, serializers: SerializerRegistry, closed: () => void) {
    this.#engine = engine
    this.#serializers = serializers
    this.#closed = closed
    this.channel = ((options?: RuntimeChannelOptions) => openChannel(engine.channels, options)) as OpenChannel
  }

  /** Which engine it stands on. */
  get kind(): 'embedded' | 'ray' {
    return this.#engine.kind
  }

  /** True once it has been shut down, or its engine is gone. */
  get isClosed(): boolean {
    return this.#engine.lost !== undefined
  }

  /**
   * Opens a channel that crosses threads: its ends can be passed to actors and tasks, in arguments, results and messages.
   *
   * @throws TypeError, RangeError for a wrong option, naming it
   * @throws ChannelConfigMismatch when a channel of that name exists with another kind or capacity
   *
   * @example
   * ```ts
   * import { connect } from '@klaw/core'
   *
   * await using klaw = await connect()
   * const [tx, rx] = await klaw.channel<number>({ capacity: 100 })
   * await tx.send(1)
   * console.log(await rx.recv())
   * ```
   */
  readonly channel: OpenChannel

  /** A channel for one value. Its ends move when they are passed on: whoever gets one is the only one who can use it. */
  oneshot<T>(): Promise<[OneshotSender<T>, OneshotReceiver<T>]> {
    return openOneshot(this.#engine.channels)
  }

  /** A channel of which every receiver sees every value that is sent after it subscribed. */
  broadcast<T>(options?: RuntimeBroadcastOptions): Promise<[BroadcastSender<T>, BroadcastReceiver<T>]> {
    return openBroadcast(this.#engine.channels, options)
  }

  /** A channel that holds the latest value. If one of that name exists it is joined, and `initial` is not used. */
  watch<T>(initial: T, options?: NamedOptions): Promise<[WatchSender<T>, WatchReceiver<T>]> {
    return openWatch(this.#engine.channels, initial, options)
  }

  /** The channel of that name, or undefined. To hold it, open it by its name. */
  async getChannel(name: string, namespace: string = channelNamespace): Promise<ChannelInfo | undefined> {
    checkName('name', name)
    checkName('namespace', namespace)
    return this.#engine.channels.find(name, namespace)
  }

  /** The named channels of a namespace, or of all of them. */
  async listChannels(
    options: { readonly namespace?: string; readonly allNamespaces?: boolean } = {},
  ): Promise<ChannelInfo[]> {
    checkKeys('the options of listChannels', options, ['namespace', 'allNamespaces'])
    const { namespace = channelNamespace, allNamespaces = false } = options
    checkName('namespace', namespace)
    checkFlag('allNamespaces', allNamespaces)
    return this.#engine.channels.list(allNamespaces ? undefined : namespace)
  }

  /** Ends a named channel for everybody who holds it, dropping what it holds. Returns false when there was none. */
  async deleteChannel(name: string, namespace: string = channelNamespace): Promise<boolean> {
    checkName('name', name)
    checkName('namespace', namespace)
    return this.#engine.channels.delete(name, namespace)
  }

  /**
   * Binds an actor class to this runtime and to options.
   *
   * @throws TypeError, RangeError for a wrong option, naming it
   * @throws KlawError for a class in a language that this runtime's engine does not run
   */
  actor<Class extends AnyClass>(
    definition: ActorDefinition<Class> | PyActorDefinition<Class>,
    options?: ActorOptions,
  ): ActorClass<Class> {
    return actorClass(this.#engine.actors, definition, options)
  }

  /**
   * Binds a task to this runtime and to options.
   *
   * @throws TypeError, RangeError for a wrong option, naming it
   * @throws KlawError for a function in a language that this runtime's engine does not run
   */
  task<Run extends AnyFunction>(
    definition: TaskDefinition<Run> | PyFunctionDefinition<Run>,
    options?: TaskOptions,
  ): RemoteTask<Run>
  task<Run extends AnyFunction>(definition: PyGeneratorDefinition<Run>, options?: TaskOptions): RemoteStreamTask<Run>
  task<Run extends AnyFunction>(
    definition: TaskDefinition<Run> | PyFunctionDefinition<Run> | PyGeneratorDefinition<Run>,
    options?: TaskOptions,
  ): RemoteTask<Run> | RemoteStreamTask<Run> {
    return remoteTask(this.#engine.actors, definition, options)
  }

  /**
   * A handle of the actor of that name.
   *
   * @throws ActorNotFoundError when there is none
   */
  async getActor<Instance extends object>(name: string, namespace?: string): Promise<ActorHandle<Instance>> {
    if (name === undefined) throw new TypeError("'name' must be a string, got undefined")
    checkName('name', name)
    checkName('namespace', namespace)
    return actorHandle<Instance>(await this.#engine.actors.find(name, namespace))
  }

  /** The actors that have a name, in this runtime's namespace or in all of them. */
  async listNamedActors(options: { readonly allNamespaces?: boolean } = {}): Promise<NamedActor[]> {
    checkKeys('the options of listNamedActors', options, ['allNamespaces'])
    checkFlag('allNamespaces', options.allNamespaces)
    return this.#engine.actors.list(undefined, options.allNamespaces === true)
  }

  /**
   * Ends an actor at once; calls in flight fail with `ActorDiedError`. Idempotent. With `noRestart: false` it starts anew if it has restarts left.
   *
   * An actor with a thread of its own does nothing more when this has resolved. One that shares a thread (`numCpus: 0`) may end what it is at. On Ray its
   * processes end a moment later.
   */
  async kill(actor: object, options: { readonly noRestart?: boolean } = {}): Promise<void> {
    const port = actorPortOf(actor)
    if (port === undefined) throw new TypeError(`'actor' must be an actor handle, got ${show(actor)}`)
    checkKeys('the options of kill', options, ['noRestart'])
    checkFlag('noRestart', options.noRestart)
    await this.#engine.actors.kill(port, options.noRestart !== false)
  }

  /**
   * Asks for a call or a task to be cancelled: what has not started fails with `TaskCancelledError`, a running async method
   * sees its signal abort, what has finished is left alone.
   *
   * @param options `force`: ends the worker that runs the task
   */
  async cancel(ref: ObjectRef<unknown>, options: { readonly force?: boolean } = {}): Promise<void> {
    const port = portOf(ref)
    if (port === undefined) throw new TypeError(`'ref' must be an ObjectRef, got ${show(ref)}`)
    checkKeys('the options of cancel', options, ['force'])
    checkFlag('force', options.force)
    await this.#engine.actors.cancel(port, options.force === true)
  }

  /**
   * Stores a snapshot of a value. Every `get` gives a fresh copy of it; arrays over shared memory are shared, see `shared()`.
   *
   * Returns the ref at once, and not a promise: **`await klaw.put(value)` would give the value**, since a ref is awaitable. For the same reason
   * an async function can not return a ref by itself; put it into an object or array.
   *
   * On Ray the value is under way when this returns: if Ray's store has no room for it, it is the ref that fails with `ObjectStoreFullError`.
   *
   * @throws SerializationError naming the part of the value that can not be stored
   * @throws ObjectStoreFullError on the embedded engine, when there is no room; the message says how much there is
   * @throws TypeError for an `ObjectRef`
   *
   * @example
   * ```ts
   * import { connect } from '@klaw/core'
   *
   * await using klaw = await connect()
   * const ref = klaw.put({ words: ['hello', 'world'] })
   * console.log((await ref).words.length)
   * ```
   */
  put<T>(value: T, options?: PutOptions): ObjectRef<T> {
    return putObject(this.#engine.objects, value, options)
  }

  /**
   * The value of a ref, or the values of many in their order; a ref may stand there more than once. Giving up waiting, by the timeout or the
   * signal, has no effect on whatever makes the values.
   *
   * @throws GetTimeoutError when `timeout` milliseconds were not enough
   * @throws what a ref failed with, as soon as one has: `RayTaskError` and the like, `ObjectFreedError`, `OwnerDiedError`
   * @throws TypeError for anything but refs of this runtime
   */
  get<const Refs extends readonly ObjectRef<unknown>[]>(
    refs: Refs,
    options?: GetProgressOptions,
  ): Promise<RefValues<Refs>>
  get<T>(ref: ObjectRef<T>, options?: GetProgressOptions): Promise<T>
  get(refs: unknown, options?: GetProgressOptions): Promise<unknown> {
    return getObjects(this.#engine.objects, refs, options)
  }

  /**
   * Waits until `numReturns` of the refs have settled, or the time is over. Both lists are in the order of `refs`; `ready` never has more
   * than `numReturns`. A ref that failed counts as ready. No refs: two empty lists.
   *
   * @throws RangeError when a ref stands there twice, or `numReturns` is less than 1 or more than there are refs
   */
  wait<Ref extends ObjectRef<unknown>>(
    refs: readonly Ref[],
    options?: WaitForOptions,
  ): Promise<[ready: Ref[], pending: Ref[]]> {
    return waitForObjects(this.#engine.objects, refs, options)
  }

  /**
   * Ends the values of refs for everybody who holds them; getting them fails with `ObjectFreedError`. Other threads learn of it a moment
   * after this has settled.
   */
  free(refs: ObjectRef<unknown> | readonly ObjectRef<unknown>[]): Promise<void> {
    return freeObjects(this.#engine.objects, refs)
  }

  /** What the object store holds, and what it may hold. */
  objectStoreStats(): Promise<ObjectStoreStats> {
    return this.#engine.objects.stats()
  }

  /**
   * Creates a queue, or with `actorOptions: { name, getIfExists: true }` finds the one of that name. Returns at once; what goes wrong shows in
   * `queue.ready()` and in every call.
   *
   * @throws TypeError, RangeError for a wrong option, naming it
   *
   * @example
   * ```ts
   * import { connect } from '@klaw/core'
   *
   * await using klaw = await connect()
   * const queue = klaw.queue<number>({ maxsize: 10 })
   * await queue.put(1)
   * console.log(await queue.get())
   * ```
   */
  queue<T>(options?: QueueOptions): Queue<T> {
    return createQueue<T>(this.#engine.queues, options)
  }

  /**
   * Has the items of a channel dealt with by workers: by actors of a class, or by a function of this process, which the exported {@link pool}
   * describes. The channel can be of any engine.
   *
   * Each worker is given an item when it is free, and never in advance. When an actor dies its worker gets another one; the item that it had is
   * tried again as often as `retries` says, and is reported otherwise. The pool ends with the runtime.
   *
   * @param work of an actor class the method `process` is called with each item alone, or the one that `method` names
   * @param options `size` or `scale`: how many workers
   * @throws TypeError, RangeError for a wrong argument, naming it
   * @throws ChannelClosed when `receiver` is closed
   *
   * @example
   * ```ts
   * // shouter.ts
   * import { actor } from '@klaw/core'
   *
   * export const Shouter = actor(import.meta, class Shouter {
   *   process(word: string) { return word.toUpperCase() }
   * })
   * ```
   *
   * @example
   * ```ts
   * import { connect } from '@klaw/core'
   * import { Shouter } from './shouter.ts'
   *
   * await using klaw = await connect()
   * const [tx, rx] = await klaw.channel<string>()
   * const shouting = klaw.pool(rx, Shouter, { size: 2, onResult: (word) => console.log(word) })
   * await tx.sendBatch(['one', 'two', 'three'])
   * await tx.close()
   * console.log((await shouting.done).processed)
   * ```
   */
  pool<
    Message,
    Class extends AnyClass,
    Name extends PoolMethodNames<InstanceType<Class>, PoolItem<Message>> = 'process' &
      PoolMethodNames<InstanceType<Class>, PoolItem<Message>>,
  >(
    receiver: Receiver<Message>,
    work: ActorDefinition<Class> | PyActorDefinition<Class>,
    options: ActorPoolOptions<PoolItem<Message>, Class, Name>,
  ): Pool<PoolItem<Message>>
  pool<Message, Result>(
    receiver: Receiver<Message>,
    work: PoolHandler<PoolItem<Message>, Result>,
    options: PoolOptions<PoolItem<Message>, Result>,
  ): Pool<PoolItem<Message>>
  pool(receiver: Receiver<unknown>, work: object, options: object): Pool<unknown> {
    const control =
      typeof work === 'function'
        ? openHandlerPool(receiver, work as PoolHandler<unknown, unknown>, options as PoolOptions<unknown, unknown>)
        : openActorPool(this.#engine, receiver, work, options as ActorPoolOptions<unknown, AnyClass, never>)
    this.#pools.add(control)
    return new Pool(control)
  }

  /** The machines that there are: one, on the embedded engine. */
  nodes(): Promise<NodeInfo[]> {
    return this.#engine.cluster.nodes()
  }

  /** What actors and tasks may claim in all, by Ray's names. */
  clusterResources(): Promise<ResourceAmounts> {
    return this.#engine.cluster.total()
  }

  /** What of {@link clusterResources} nobody has claimed now. */
  availableResources(): Promise<ResourceAmounts> {
    return this.#engine.cluster.available()
  }

  /** What the engine says about itself: its kind, versions, how far away it is. */
  info(options: InfoOptions = {}): Promise<EngineInfo> {
    return this.#engine.info(options)
  }

  /** Registers how instances of exactly `Class` travel, in this thread. The other side registers under the same name. */
  registerSerializer<T extends object, Data>(Class: SerializableClass<T>, serializer: Serializer<T, Data>): void {
    this.#serializers.registerSerializer(Class, serializer)
  }

  /** Undoes {@link registerSerializer}. Idempotent. */
  deregisterSerializer(Class: SerializableClass<object>): void {
    this.#serializers.deregisterSerializer(Class)
  }

  /** Ends everything that was started through this runtime. Idempotent. */
  shutdown(): Promise<void> {
    this.#closed()
    this.#pools.end()
    return this.#engine.shutdown()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }
}
