import type { AnyClass } from '../actor.ts'
import type { ActorOptions } from '../actor-options.ts'
import type { ObjectRef } from '../object-ref.ts'
import type { RemoteArguments, StreamNames } from '../remote-types.ts'
import type { PoolListeners, PoolSize } from './options.ts'

/** An actor's method gets the value of an item that is a ref. */
type Argument<Item> = Item extends ObjectRef<infer Value> ? Value : Item

/** The names of the methods that can be called with an item alone. */
export type PoolMethodNames<Instance, Item> = {
  [Name in keyof Instance]: Name extends string
    ? Instance[Name] extends (...args: infer Args) => unknown
      ? [item: Argument<Item>] extends Args
        ? Name
        : never
      : never
    : never
}[Exclude<keyof Instance, StreamNames<Instance>>]

/** What comes of an item. */
export type PoolMethodResult<Instance, Name extends keyof Instance> = Instance[Name] extends (
  ...args: never[]
) => infer Result
  ? Awaited<Result>
  : never

/** Options of the actors of a pool: those that many actors can have in common. */
export type PoolActorOptions = Omit<ActorOptions, 'name' | 'namespace' | 'getIfExists' | 'lifetime'>

/** Options of a pool of actors. */
export type ActorPoolOptions<Item, Class extends AnyClass, Name extends keyof InstanceType<Class>> = PoolSize &
  PoolListeners<Item, PoolMethodResult<InstanceType<Class>, Name>> & {
    /** Of each of the actors. */
    readonly actorOptions?: PoolActorOptions | undefined
    /**
     * How many items each actor is given at a time. More than 1 hides the way there and back, and uses actors that can do more than one thing
     * at a time; an actor that dies has had that many. Default: 1.
     */
    readonly concurrency?: number | undefined
  } & ('process' extends Name
    ? {
        /** The method that gets the items. Default: `process`. */
        readonly method?: Name | undefined
      }
    : { readonly method: Name }) &
  ([] extends ConstructorParameters<Class>
    ? {
        /** Of the constructor of each actor. */
        readonly args?: RemoteArguments<ConstructorParameters<Class>> | undefined
      }
    : { readonly args: RemoteArguments<ConstructorParameters<Class>> })
