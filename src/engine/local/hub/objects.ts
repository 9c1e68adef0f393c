import { type KlawError, ObjectFreedError, ObjectLostError, OwnerDiedError } from '../../../errors.ts'
import { HandleKind } from '../../../wire/token.ts'
import type { ObjectStoreStats } from '../../object-engine.ts'
import { giveRoomBack, type MemoryCounters } from '../object-memory.ts'
import { SharedMemory } from '../shared-memory.ts'
import type { StoredValue } from '../stored-value.ts'
import type { Hub } from './hub.ts'
import { ObjectRecord, type RecordHome } from './object-record.ts'
import type { Session } from './session.ts'

/** What an owner tells of its object: that it will have a value, or what it is. */
interface PublishedObject {
  readonly id: string
  readonly value?: StoredValue
  /** Whether the value is the error that the object failed with. */
  readonly failed?: boolean
  /** Bytes that were on the owner's account and are on the record's from now on. */
  readonly counted?: number
}

/** Serves the objects that have left their owners' threads; `limit` is what the whole store may hold, in bytes. */
export function serveObjects(hub: Hub, limit: number): void {
  const objects = new HubObjects(hub, limit)
  hub.leases.resolver(HandleKind.objectRef, (id) => objects.find(id))
  hub.handle('object.open', (session) => objects.open(session))
  hub.handle('object.publish', (session, published: PublishedObject) => objects.publish(session, published))
  hub.handle('object.fetch', (_session, { id, wait }: { id: string; wait: boolean }, context) => {
    const record = objects.find(id)
    return wait ? record.fetch(context.signal) : record.peek()
  })
  hub.handle('object.release', (session, { id, lease }: { id: string; lease: number }) =>
    objects.known(id)?.releaseLease(session, lease),
  )
  hub.handle('object.free', (_session, ids: string[]) => {
    for (const id of ids) objects.lose(id, new ObjectFreedError(`object ${id} was freed`, { objectId: id }))
  })
  hub.handle('object.stats', () => objects.stats())
  hub.handle('object.reclaim', (session) => objects.reclaim(session))
}

class HubObjects implements RecordHome {
  readonly #hub: Hub
  readonly #limit: number
  readonly #memory: SharedMemory
  readonly #total = new BigInt64Array(new SharedArrayBuffer(8))
  readonly #accounts = new Map<number, BigInt64Array>()
  readonly #records = new Map<string, ObjectRecord>()
  readonly #heldBy = new Map<number, Set<ObjectRecord>>()

  constructor(hub: Hub, limit: number) {
    this.#hub = hub
    this.#limit = limit
    this.#memory = new SharedMemory(limit)
  }

  known(id: string): ObjectRecord | undefined {
    return this.#records.get(id)
  }

  /** The record, or one that says that the object is gone: its last holder may have gone before it was asked for. */
  find(id: string): ObjectRecord {
    const known = this.#records.get(id)
    if (known !== undefined) return known
    const record = new ObjectRecord(id, undefined, this)
    record.lose(new ObjectLostError(`object ${id} is gone: nobody held it any more`, { objectId: id }))
    return record
  }

  open(session: Session): MemoryCounters {
    const own = new BigInt64Array(new SharedArrayBuffer(8))
    this.#accounts.set(session.id, own)
    this.#heldBy.set(session.id, new Set())
    session.onEnd(() => this.#sessionEnded(session))
    return {
      limit: this.#limit,
      total: this.#total.buffer as SharedArrayBuffer,
      own: own.buffer as SharedArrayBuffer,
    }
  }

  publish(session: Session, { id, value, failed = false, counted = 0 }: PublishedObject): void {
    let record = this.#records.get(id)
    if (record === undefined) {
      record = new ObjectRecord(id, session, this)
      this.#records.set(id, record)
      record.claim(session, 0)
    }
    if (value === undefined) return
    this.#memory.reach(value.bytes)
    const own = this.#accounts.get(session.id)
    if (own !== undefined) Atomics.sub(own, 0, BigInt(counted))
    record.counted = counted
    if (!record.settle({ value, failed })) this.#giveBack(record, value)
  }

  lose(id: string, error: KlawError): void {
    const record = this.#records.get(id)
    if (record !== undefined) this.#giveBack(record, record.lose(error)?.value)
  }

  held(session: number, record: ObjectRecord, holds: boolean): void {
    if (holds) this.#heldBy.get(session)?.add(record)
    else this.#heldBy.get(session)?.delete(record)
  }

  unheld(record: ObjectRecord): void {
    if (this.#records.get(record.id) === record) this.#records.delete(record.id)
    this.#giveBack(record, record.outcome?.value)
  }

  /** A thread has found the store full: the others may hold garbage. */
  reclaim(asker: Session): void {
    for (const session of this.#hub.sessions) if (session !== asker) session.connection.notify('object.reclaim')
  }

  stats(): ObjectStoreStats {
    let pending = 0
    for (const record of this.#records.values()) if (record.pending) pending++
    return {
      limit: this.#limit,
      used: Number(Atomics.load(this.#total, 0)),
      published: this.#records.size,
      pending,
    }
  }

  #giveBack(record: ObjectRecord, value: StoredValue | undefined): void {
    if (record.counted > 0) giveRoomBack(this.#total, record.counted)
    record.counted = 0
    if (value?.tokens !== undefined) this.#hub.leases.release(value.tokens)
  }

  #sessionEnded(session: Session): void {
    const own = this.#accounts.get(session.id)
    if (own !== undefined) giveRoomBack(this.#total, Number(Atomics.load(own, 0)))
    this.#accounts.delete(session.id)
    for (const record of this.#records.values()) {
      if (record.owner !== session) continue
      const { id } = record
      this.lose(id, new OwnerDiedError(`object ${id} is lost: the thread that owned it has ended`, { objectId: id }))
    }
    const held = this.#heldBy.get(session.id)
    this.#heldBy.delete(session.id)
    for (const record of held ?? []) record.releaseSession(session)
  }
}
