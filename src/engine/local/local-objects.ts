import { type KlawError, ObjectFreedError } from '../../errors.ts'
import { type EncodedValue, HandleKind, type Token } from '../../wire/token.ts'
import type { ArgumentDesk } from '../calls/prepare-call.ts'
import type { ObjectPort, ObjectStoreStats } from '../object-engine.ts'
import { readObject } from '../read-object.ts'
import { encodeTransit } from '../remote/transit.ts'
import { BorrowedObject } from './borrowed-object.ts'
import type { Client } from './client.ts'
import { Estates } from './estates.ts'
import { collectGarbage } from './garbage.ts'
import type { LocalObject, ObjectTable } from './local-object.ts'
import { type MemoryCounters, ObjectMemory } from './object-memory.ts'
import { OwnedObject, type Producer } from './owned-object.ts'
import { SharedMemory } from './shared-memory.ts'
import { storedSize, toStored } from './stored-value.ts'

/** Milliseconds that other threads get to find garbage. */
const othersTime = 200
/** Milliseconds without another search after one that has found too little. */
const searchPause = 100

/** Makes the handle that users see. */
export type RefFactory = (object: ObjectPort) => unknown

/** The objects of one thread: those that it owns, and those of other threads of which it holds handles. */
export class LocalObjects implements ObjectTable {
  readonly client: Client
  readonly memory: ObjectMemory
  readonly sharedMemory: SharedMemory
  readonly estates: Estates
  readonly #makeRef: RefFactory
  #nextNumber = 1
  #nextLease = 1
  /** When it last looked for garbage in vain. */
  #foundNothing = Number.NEGATIVE_INFINITY

  /** @param counters what the hub answered to `object.open` */
  constructor(client: Client, counters: MemoryCounters, makeRef: RefFactory) {
    this.client = client
    this.memory = new ObjectMemory(counters)
    this.sharedMemory = new SharedMemory(counters.limit)
    this.estates = new Estates(client, this.memory)
    this.#makeRef = makeRef
    client.handleFactory(HandleKind.objectRef, (token, id) => makeRef(this.#borrow(token, id as string)))
    client.operations.set('object.lost', ({ id, error }: { id: string; error: KlawError }) => {
      this.find(id)?.lose(error)
    })
    client.operations.set('object.reclaim', () => {
      collectGarbage()
      this.estates.sweep()
    })
  }

  /** Asks the hub for what a thread needs to have objects. */
  static async open(client: Client, makeRef: RefFactory): Promise<LocalObjects> {
    return new LocalObjects(client, (await client.connection.request('object.open')) as MemoryCounters, makeRef)
  }

  get lost(): Error | undefined {
    return this.client.connection.lost
  }

  /**
   * A pending object that this thread owns.
   *
   * Whoever creates it settles it, by `settle` or `fail`, also when the runtime closes, and holds it until then.
   */
  create(producer?: Producer): OwnedObject {
    return new OwnedObject(this, this.#nextNumber++, producer)
  }

  /** The handle that users see, for {@link create}'s object. */
  ref(object: ObjectPort): unknown {
    return this.#makeRef(object)
  }

  /** An object of this runtime that has left its thread and of which this thread holds a handle. */
  find(id: string): LocalObject | undefined {
    return this.estates.find(id)
  }

  /**
   * The value as bytes, to take the place of an argument that is a ref. Throws, or rejects with, the object's error.
   *
   * The attachments may be moved. The tokens stay the object's: `retain` the object until the call has been answered.
   */
  read(object: ObjectPort): EncodedValue | Promise<EncodedValue> {
    return readObject(object as LocalObject)
  }

  /** For the arguments of calls: their handles are this thread's until the calls have been answered. */
  desk(): ArgumentDesk {
    return {
      encode: (value, name) => this.encode(value, name, this.client.session),
      read: (object) => this.read(object),
      owns: (object) => object.engine === this,
      claimsWait: this.client.claimsWait,
      barrier: () => this.client.barrier(),
    }
  }

  put(value: unknown): OwnedObject {
    if (this.lost !== undefined) throw this.lost
    const stored = toStored(this.encode(value, 'value'))
    const object = this.create()
    if (!object.tryKeep(stored)) throw this.memory.full(storedSize(stored))
    return object
  }

  /** A value as bytes of its own. Throws `SerializationError` with the path, which starts with `name`. */
  encode(value: unknown, name: string, target?: number): EncodedValue {
    const { codec, releaseTokens } = this.client
    return encodeTransit(codec, value, name, releaseTokens, target)
  }

  async free(objects: readonly ObjectPort[]): Promise<void> {
    if (this.lost !== undefined) throw this.lost
    const shared: string[] = []
    for (const object of objects as LocalObject[]) {
      if (object.remains?.lease !== undefined) shared.push(object.id)
      const error = new ObjectFreedError(`object ${object.id} was freed`, { objectId: object.id })
      object.lose(error)
    }
    if (shared.length > 0) await this.client.connection.request('object.free', shared)
  }

  async stats(): Promise<ObjectStoreStats> {
    return (await this.client.connection.request('object.stats')) as ObjectStoreStats
  }

  reserve(object: LocalObject, bytes: number): boolean {
    if (!this.memory.tryReserve(bytes) && !this.#reserveAmongGarbage(bytes)) return false
    this.estates.of(object).bytes += bytes
    return true
  }

  /** The store is full, perhaps of objects that are garbage. */
  #reserveAmongGarbage(bytes: number): boolean {
    if (bytes > this.memory.limit || performance.now() - this.#foundNothing < searchPause) return false
    collectGarbage()
    this.estates.sweep()
    if (this.memory.tryReserve(bytes)) return true
    // Handles in other threads may be garbage as well. Nothing that happens in this thread can make room meanwhile.
    this.client.connection.notify('object.reclaim')
    this.client.connection.flush()
    const found = this.memory.reserveWithin(bytes, othersTime)
    if (!found) this.#foundNothing = performance.now()
    return found
  }

  /** A handle has arrived inside a value. */
  #borrow(token: Token, id: string): LocalObject {
    const known = this.find(id)
    if (known instanceof BorrowedObject) known.claim(token)
    // The owner holds its object by the lease that it has from the start.
    if (known !== undefined) return known
    const object = new BorrowedObject(this, id, this.#nextLease++)
    object.claim(token)
    return object
  }
}
