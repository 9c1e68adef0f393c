import type { EncodeContext } from '../../codec/codec.ts'
import { WaiterList } from '../../core/waiters.ts'
import type { Awaitable } from '../../result.ts'
import type { EncodedValue } from '../../wire/token.ts'
import type { ObjectPort, ObjectWaiter } from '../object-engine.ts'
import type { LocalObjects } from './local-objects.ts'
import { type StoredValue, toReader } from './stored-value.ts'

/**
 * What has to be given back when the last handle of an object in this thread is gone, disposed of or collected.
 * It knows nothing of the object itself, so that the registry that holds it does not keep the object alive.
 */
export interface Remains {
  readonly id: string
  /** The lease that the hub counts: 0 is the owner's. Undefined while the object has not left its thread. */
  lease: number | undefined
  /** Room in the object store on this thread's account. */
  bytes: number
  /** Handles inside the value that this thread holds. */
  tokens: EncodedValue['tokens']
  /** How the table finds the object again. */
  entry: WeakRef<LocalObject> | undefined
}

/** An object in one thread: pending, then settled with a value or an error, and those who wait for it. */
export abstract class LocalObject implements ObjectPort {
  abstract readonly id: string
  readonly engine: LocalObjects
  /** @internal */
  remains: Remains | undefined = undefined
  protected stored: StoredValue | undefined = undefined
  #error: unknown = undefined
  #settled = false
  #handles = 0
  #waiters: WaiterList<ObjectWaiter> | undefined = undefined

  constructor(engine: LocalObjects) {
    this.engine = engine
  }

  abstract look(): Awaitable<void>
  abstract export(context: EncodeContext): { kind: number; body: unknown }

  get settled(): boolean {
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

  /** Whether handles, or somebody who waits, may still ask for the value. */
  get held(): boolean {
    return this.#handles > 0 || this.#waiters !== undefined
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

  protected succeedWith(value: StoredValue): void {
    this.stored = value
    this.#settled = true
    this.#wake()
  }

  /** Ends the object, or what it held, with an error. */
  protected failWith(error: unknown): void {
    this.stored = undefined
    this.#error = error
    this.#settled = true
    this.#wake()
  }

  #wake(): void {
    const waiters = this.#waiters
    if (waiters === undefined) return
    for (let waiter = waiters.shift(); waiter !== undefined; waiter = waiters.shift()) waiter.settled(this)
    if (this.#waiters === waiters) this.#nobodyWaits()
  }

  #nobodyWaits(): void {
    this.#waiters = undefined
    this.engine.client.connection.release()
    this.abandoned()
    this.#dropIfUnheld()
  }

  #dropIfUnheld(): void {
    if (!this.held) this.drop()
  }
}
