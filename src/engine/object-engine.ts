import type { EncodeContext } from '../codec/handles.ts'
import { Waiter } from '../core/waiters.ts'
import type { Awaitable } from '../result.ts'

/** Where a handle of an object keeps its {@link ObjectPort}, so that engines recognise refs without knowing the class. */
export const objectPort: unique symbol = Symbol.for('klaw.objectPort')

/** Whatever stands for an object: the `ObjectRef` of api/. */
export interface ObjectHolder {
  readonly [objectPort]: ObjectPort
}

/** Whether `value` stands for an object, or did before it was disposed of. */
export function isRef(value: unknown): value is ObjectHolder {
  return typeof value === 'object' && value !== null && objectPort in value
}

/** The object that `value` stands for; undefined when it is anything else. Throws when `value` has been disposed of. */
export function portOf(value: unknown): ObjectPort | undefined {
  return typeof value === 'object' && value !== null ? (value as Partial<ObjectHolder>)[objectPort] : undefined
}

/** Somebody who waits until an object has settled. It stands with one object at a time. */
export abstract class ObjectWaiter extends Waiter {
  /** The object has a value or an error. The waiter has left its line. */
  abstract settled(object: ObjectPort): void
}

/** One object, as its holders in this thread see it. */
export interface ObjectPort {
  /** Unique within the runtime. */
  readonly id: string
  /** The engine that it belongs to. */
  readonly engine: ObjectEngine
  /** Whether {@link value} can be called. A settled object never becomes pending again, but its value can be lost. */
  readonly settled: boolean
  /** Whether it has settled with an error. */
  readonly failed: boolean
  /** A fresh copy of the value. Only once settled. Throws the object's error. */
  value(): unknown
  /** Waits until the object has settled; only while it has not. Keeps the event loop alive. */
  park(waiter: ObjectWaiter): void
  /** Stops waiting. Returns false when the waiter did not wait here. */
  leave(waiter: ObjectWaiter): boolean
  /** Finds out whether the object has settled by now, wherever it is; `settled` says so afterwards. */
  look(): Awaitable<void>
  /** One more handle in this thread. */
  retain(): void
  /** One handle less. When the last one in this thread goes, so does what the thread holds. */
  release(): void
  /** What `[handleSymbol]` of a handle returns when it goes into a value. */
  export(context: EncodeContext): { readonly kind: number; readonly body: unknown }
}

/** What the object store holds. */
export interface ObjectStoreStats {
  /** Bytes that the store may hold. */
  readonly limit: number
  /** Bytes that it holds, in all threads. Objects of less than 64 KB are not counted. */
  readonly used: number
  /** Objects that have left the thread that owns them, and are still held by somebody. */
  readonly published: number
  /** Of those, how many have no value yet. */
  readonly pending: number
}

/** Stores values and hands out refs to them. */
export interface ObjectEngine {
  /** Why nothing can be stored or read any more; undefined while it can. */
  readonly lost: Error | undefined
  /** Takes a snapshot of the value. Throws `SerializationError`, `ObjectStoreFullError`. */
  put(value: unknown): ObjectPort
  /** Ends the objects' values for everybody who holds them. */
  free(objects: readonly ObjectPort[]): Promise<void>
  stats(): Promise<ObjectStoreStats>
}
