import type { EncodedValue } from '../../wire/token.ts'
import type { Client } from './client.ts'
import type { LocalObject } from './local-object.ts'
import type { ObjectMemory } from './object-memory.ts'

/**
 * What has to be given back when the last handle of an object in this thread is gone, disposed of or collected.
 * It knows its object weakly only, so that it does not keep it alive.
 */
export interface Remains {
  readonly id: string
  readonly object: WeakRef<LocalObject>
  /** The lease that the hub counts: 0 is the owner's. Undefined while the object has not left its thread. */
  lease: number | undefined
  /** Room in the object store on this thread's account. */
  bytes: number
  /** Handles inside the value that this thread holds. */
  tokens: EncodedValue['tokens']
}

/** Gives back what objects leave behind. Objects that leave nothing behind, as most results do, never come here. */
export class Estates {
  readonly #client: Client
  readonly #memory: ObjectMemory
  readonly #all = new Set<Remains>()
  readonly #collected = new FinalizationRegistry<Remains>((remains) => this.#settle(remains))
  /** Objects that have left their thread, by id. */
  readonly #published = new Map<string, Remains>()

  constructor(client: Client, memory: ObjectMemory) {
    this.#client = client
    this.#memory = memory
  }

  /** What the object will leave behind, from now on watched for. */
  of(object: LocalObject): Remains {
    if (object.remains === undefined) {
      const remains: Remains = {
        id: object.id,
        object: new WeakRef(object),
        lease: undefined,
        bytes: 0,
        tokens: undefined,
      }
      object.remains = remains
      this.#all.add(remains)
      this.#collected.register(object, remains, remains)
    }
    return object.remains
  }

  /** The object has left its thread, or comes from another one: it can be found by its id. */
  publish(object: LocalObject, lease: number): void {
    const remains = this.of(object)
    remains.lease = lease
    this.#published.set(remains.id, remains)
  }

  find(id: string): LocalObject | undefined {
    return this.#published.get(id)?.object.deref()
  }

  /** The last handle has been disposed of. */
  settle(object: LocalObject): void {
    const { remains } = object
    if (remains === undefined) return
    object.remains = undefined
    this.#settle(remains)
  }

  /** Gives back the room and the handles that a value took, not the object's lease. */
  giveBack(remains: Remains): void {
    if (remains.bytes > 0) this.#memory.release(remains.bytes)
    remains.bytes = 0
    this.#client.releaseTokens(remains.tokens)
    remains.tokens = undefined
  }

  /** Settles what garbage collection has found, without waiting for it to say so. */
  sweep(): void {
    for (const remains of this.#all) if (remains.object.deref() === undefined) this.#settle(remains)
  }

  #settle(remains: Remains): void {
    if (!this.#all.delete(remains)) return
    this.#collected.unregister(remains)
    this.giveBack(remains)
    if (remains.lease === undefined) return
    // A handle that arrived meanwhile may have made another object of that id.
    if (this.#published.get(remains.id) === remains) this.#published.delete(remains.id)
    this.#client.connection.notify('object.release', { id: remains.id, lease: remains.lease })
  }
}
