import type { handleSymbol } from '../codec/codec.ts'
import type { ActorPort, actorPort } from '../engine/actor-engine.ts'
import type { CallOptions } from './actor-options.ts'
import type { ObjectRef } from './object-ref.ts'

/** An argument of a remote call: the value, or a ref to it that is resolved before the call. */
export type RemoteArgument<T> = T | ObjectRef<T>

/** The arguments of a remote call. */
export type RemoteArguments<Args extends readonly unknown[]> = { [Index in keyof Args]: RemoteArgument<Args[Index]> }

/** A method of an actor, seen from outside. */
export interface RemoteMethod<Args extends readonly unknown[], Value> {
  /**
   * Calls the method. Never throws: whatever goes wrong comes through the ref.
   *
   * The ref fails with `RayTaskError` when the method throws, `ActorDiedError` when the actor is dead, `ActorUnavailableError` when it
   * restarted while the call was in flight, `TaskCancelledError`, `PendingCallsLimitExceeded`, or `SerializationError`.
   */
  remote(...args: RemoteArguments<Args>): ObjectRef<Value>
  /** The same method with options for its calls. */
  options(options: CallOptions): RemoteMethod<Args, Value>
}

/** A generator method of an actor, seen from outside. */
export interface RemoteStream<Args extends readonly unknown[], Value> {
  /**
   * Calls the method. The values come one by one, as fast as they are read: the method stands still in between.
   * Leaving the loop ends the method at its `yield`, as it does for a local generator.
   */
  remote(...args: RemoteArguments<Args>): AsyncIterableIterator<Value>
}

/** What becomes of one member of an actor's class. */
export type Remote<Member> = Member extends (...args: infer Args) => infer Result
  ? IsStream<Result> extends true
    ? RemoteStream<Args, StreamValue<Result>>
    : RemoteMethod<Args, Awaited<Result>>
  : never

// `never` (a method that only throws) and `any` would pass for everything.
type IsStream<Result> = [Result] extends [never]
  ? false
  : unknown extends Result
    ? false
    : [Result] extends [AnyGenerator<unknown>]
      ? true
      : false

/** What a generator yields. */
export type StreamValue<Result> = Result extends AnyGenerator<infer Value> ? Value : never
type AnyGenerator<Value> = Generator<Value, unknown, never> | AsyncGenerator<Value, unknown, never>

/** The names of the methods that answer with many values. */
export type StreamNames<Instance> = {
  [Name in keyof Instance]: Name extends string
    ? Instance[Name] extends (...args: never[]) => infer Result
      ? IsStream<Result> extends true
        ? Name
        : never
      : never
    : never
}[keyof Instance]

type MethodNames<Instance> = {
  [Name in keyof Instance]: Name extends string
    ? Instance[Name] extends (...args: never[]) => unknown
      ? Name
      : never
    : never
}[keyof Instance]

/** What every handle has, whatever its class. A method of the class that is called `ready` takes precedence. */
export interface ActorHandleMembers extends Disposable, AsyncDisposable {
  /** Settles when the constructor has run. Rejects with what every call would fail with. */
  ready(): Promise<void>
  /** @internal */
  readonly [actorPort]: ActorPort
  /** @internal */
  readonly [handleSymbol]: unknown
}

/**
 * A handle of an actor: each public method of the class, as `handle.method.remote(…)`.
 *
 * It can be passed anywhere: in arguments and results, inside containers, through channels. An actor without a name ends when its last
 * handle, anywhere, has been disposed of or collected.
 */
export type ActorHandle<Instance extends object> = {
  readonly [Name in MethodNames<Instance>]: Remote<Instance[Name]>
} & Omit<ActorHandleMembers, MethodNames<Instance>>
