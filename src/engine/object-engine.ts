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

/** Told how many of how many bytes have been transferred. Called at least once for a value that travels; the last time with all of them. */
export type Progress = (bytes: number, total: number) => void

/** Somebody who waits until an object has settled, or until its value is here. It stands with one object at a time. */
export abstract class ObjectWaiter extends Waiter {
  /** The object has a value or an error. The waiter has left its line. If it waited for the value, `value()` can be called now, once. */
  abstract settled(object: ObjectPort): void
  /** A part of the value has arrived. Where values do not travel it is never called. */
  progress?(bytes: number, total: number): void
}

/** One object, as its holders in this thread see it. */
export interface ObjectPort {
  /** Unique within the runtime. */
  readonly id: string
  /** The engine that it belongs to. */
  readonly engine: ObjectEngine
  /** Whether it is known to have settled, wherever it is. A settled object never becomes pending again, but its value can be lost. */
  readonly settled: boolean
  /** Whether it has settled with an error. */
  readonly failed: boolean
  /** Whether {@link value} can be called: its value, or its error, is here. */
  readonly fetched: boolean
  /** Whether it was to be the result of a call that has failed and that nobody can have begun, since it was never sent. Undefined: not known. */
  readonly neverBegun?: boolean | undefined
  /** A fresh copy of the value. Only once fetched. Throws the object's error. */
  value(): unknown
  /**
   * Waits until the object has settled; with `fetch` until its value, or its error, is here as well. Only while that is not so. Keeps the
   * event loop alive.
   */
  park(waiter: ObjectWaiter, fetch: boolean): void
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
  /** Objects that have left the thread that owns them, and are still held by somebody. Undefined on Ray, which does not tell. */
  readonly published: number | undefined
  /** Of those, how many have no value yet. */
  readonly pending: number | undefined
}

/** Stores values and hands out refs to them. */
export interface ObjectEngine {
  /** Why nothing can be stored or read any more; undefined while it can. */
  readonly lost: Error | undefined
  /**
   * Takes a snapshot of the value. Throws `SerializationError`, and `ObjectStoreFullError` if the store is in this process; the object of
   * one that is elsewhere fails with it.
   */
  put(value: unknown, progress?: Progress): ObjectPort
  /** Ends the objects' values for everybody who holds them. */
  free(objects: readonly ObjectPort[]): Promise<void>
  stats(): Promise<ObjectStoreStats>
}
