import type { EncodeContext } from '../../codec/handles.ts'
import { WaiterList } from '../../core/waiters.ts'
import type { Awaitable } from '../../result.ts'
import type { EncodedValue } from '../../wire/token.ts'
import type { ObjectEngine, ObjectPort, ObjectWaiter } from '../object-engine.ts'
import type { Client } from './client.ts'
import type { Estates, Remains } from './estates.ts'
import type { ObjectMemory } from './object-memory.ts'
import type { SharedMemory } from './shared-memory.ts'
import { type StoredValue, toReader } from './stored-value.ts'

/** What an object needs from the table that it stands in, `LocalObjects`. */
export interface ObjectTable extends ObjectEngine {
  readonly client: Client
  readonly memory: ObjectMemory
  readonly sharedMemory: SharedMemory
  readonly estates: Estates
  /** Takes room in the store, to be given back with the object's remains; false when there is none. */
  reserve(object: LocalObject, bytes: number): boolean
  /** A value as bytes of its own. */
  encode(value: unknown, name: string): EncodedValue
}

/** An object in one thread: pending, then settled with a value or an error, and those who wait for it. */
export abstract class LocalObject implements ObjectPort {
  abstract readonly id: string
  readonly engine: ObjectTable
  /** @internal */
  remains: Remains | undefined = undefined
  protected stored: StoredValue | undefined = undefined
  #error: unknown = undefined
  #settled = false
  #handles = 0
  /** Whether there was a handle: until the first one is made, nothing can be given up. */
  #retained = false
  #waiters: WaiterList<ObjectWaiter> | undefined = undefined

  constructor(engine: ObjectTable) {
    this.engine = engine
  }

  abstract look(): Awaitable<void>
  abstract export(context: EncodeContext): { kind: number; body: unknown }

  get settled(): boolean {
    return this.#settled
  }

  /** Whoever knows that it has settled has its bytes. */
  get fetched(): boolean {
    return this.#settled
  }

  /** Whether it has settled with an error. */
  get failed(): boolean {
    return this.#settled && this.stored === undefined
  }

  /** Why there is no value; only when it has {@link failed}. */
  get error(): unknown {
    return this.#error
  }

  value(): unknown {
    const { bytes, attachments } = this.read()
    return this.engine.client.codec.decode(bytes, 0, bytes.byteLength, { attachments })
  }

  /** The value as bytes, for one reader. Throws like {@link value}. Its tokens stay the object's. */
  read(): EncodedValue {
    const lost = this.engine.lost
    if (lost !== undefined) throw lost
    if (this.stored === undefined) throw this.#settled ? this.#error : new Error(`object ${this.id} is pending`)
    return toReader(this.stored)
  }

  park(waiter: ObjectWaiter): void {
    if (this.#waiters === undefined) {
      this.#waiters = new WaiterList()
      this.engine.client.connection.hold()
      this.waiting()
    }
    // Whoever is asked for the value may have answered at once.
    if (this.#settled) waiter.settled(this)
    else this.#waiters.push(waiter)
  }

  leave(waiter: ObjectWaiter): boolean {
    const waiters = this.#waiters
    if (waiters === undefined || !waiters.remove(waiter)) return false
    if (waiters.length === 0) this.#nobodyWaits()
    return true
  }

  retain(): void {
    this.#handles++
    this.#retained = true
  }

  release(): void {
    if (this.#handles > 0 && --this.#handles === 0) this.#dropIfUnheld()
  }

  /** Somebody began to wait, and nobody did before. */
  protected waiting(): void {}

  /** Nobody waits any more. */
  protected abandoned(): void {}

  /** The last handle has been disposed of and nobody waits. */
  protected abstract drop(): void

  /** There is no value, or no more: somebody freed it, or its owner is gone. */
  abstract lose(error: unknown): void

  /** Takes the value; {@link wake} has to follow. */
  protected succeedWith(value: StoredValue): void {
    this.stored = value
    this.#settled = true
  }

  /** Ends the object, or what it held, with an error; {@link wake} has to follow. */
  protected failWith(error: unknown): void {
    this.stored = undefined
    this.#error = error
    this.#settled = true
  }

  /** Drops what no handle, and nobody who waits, can ask for any more. */
  #dropIfUnheld(): void {
    if (this.#retained && this.#handles === 0 && this.#waiters === undefined) this.drop()
  }

  /** Tells those who wait that it has settled, and drops what nobody can ask for. */
  protected wake(): void {
    const waiters = this.#waiters
    if (waiters === undefined) {
      this.#dropIfUnheld()
      return
    }
    for (let waiter = waiters.shift(); waiter !== undefined; waiter = waiters.shift()) waiter.settled(this)
    if (this.#waiters === waiters) this.#nobodyWaits()
  }

  #nobodyWaits(): void {
    this.#waiters = undefined
    this.engine.client.connection.release()
    this.abandoned()
    this.#dropIfUnheld()
  }
}
