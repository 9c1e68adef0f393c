import type { EncodeContext, EncodedHandle } from '../../codec/handles.ts'
import { WaiterList } from '../../core/waiters.ts'
import { ObjectState } from '../../wire/gateway-frames.ts'
import { HandleKind } from '../../wire/token.ts'
import type { ObjectPort, ObjectWaiter } from '../object-engine.ts'
import type { Held } from './arrival-context.ts'
import type { CallResult } from './calls/call-result.ts'
import { exported } from './export-context.ts'
import type { RayObjects } from './objects.ts'
import type { Share } from './share.ts'

/** Encoded values up to this many bytes are kept for the next `get`; larger ones are fetched again. */
export const mostKept = 1024 * 1024

/** A value as it arrived, in bytes that belong to nobody else. */
export interface ArrivedValue {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/**
 * An object in the cluster, by its number. Whether it has settled, and its value, are asked for when somebody waits for them.
 *
 * `RayObjects` holds it strongly only while something is expected from the agent; otherwise it goes when its refs are collected.
 */
export class RayObject implements ObjectPort {
  readonly engine: RayObjects
  readonly share: Share
  /** The result of a call of an actor, made here. */
  isActorCall = false
  /** A message's bytes: they are no value of this session's. */
  isMessage = false
  /** The result of a call of an actor in TypeScript that Ray has been told of; its value is here. */
  result: CallResult | undefined
  #state: number = ObjectState.pending
  #error: { readonly cause: unknown } | undefined
  #value: ArrivedValue | undefined
  /** The value has not been decoded yet: its handles have not been counted. */
  #fresh = false
  /** The one who is told next is the last to see these bytes. */
  #last = false
  #held: Held[] | undefined
  #handles = 0
  #retained = false
  #fetchers: WaiterList<ObjectWaiter> | undefined
  #watchers: WaiterList<ObjectWaiter> | undefined
  #looks: (() => void)[] = []
  #storing = false
  #id: string | undefined
  #holding = false
  /** A frame about it is to come. */
  #expecting = false

  /** @internal `RayObjects` makes them. */
  constructor(engine: RayObjects, share: Share) {
    this.engine = engine
    this.share = share
  }

  /** Ray's own id, or, for what was made here or by another process of ours, the name that it was given there. It does not change. */
  get id(): string {
    this.#id ??= this.engine.client.nameOf(this.share.number)
    return this.#id
  }

  /** What others call the object; of no effect once it has been called something here. */
  identify(id: string): void {
    this.#id ??= id
  }

  get settled(): boolean {
    return this.#state !== ObjectState.pending || this.engine.lost !== undefined
  }

  get failed(): boolean {
    return this.#state === ObjectState.failed || this.engine.lost !== undefined
  }

  get fetched(): boolean {
    return this.#value !== undefined || this.#error !== undefined || this.engine.lost !== undefined
  }

  value(): unknown {
    const { lost } = this.engine
    if (lost !== undefined) throw lost
    if (this.#error !== undefined) throw this.#error.cause
    const value = this.#value
    if (value === undefined) throw new Error(`the value of object ${this.id} is not here`)
    const again = !this.#fresh
    this.#fresh = false
    if (this.isMessage) return value.bytes.subarray(value.start, value.end)
    const held: Held[] = []
    const decoded = this.engine.decode(value, { borrow: this.#last && isLarge(value), again, held })
    if (!again && held.length > 0) {
      for (const inner of held) inner.retain()
      this.#held = held
    }
    return decoded
  }

  park(waiter: ObjectWaiter, fetch: boolean): void {
    const { lost } = this.engine
    if (lost !== undefined) {
      this.fail(lost)
      waiter.settled(this)
      return
    }
    let list = fetch ? this.#fetchers : this.#watchers
    if (list === undefined) {
      list = new WaiterList()
      if (fetch) this.#fetchers = list
      else this.#watchers = list
    }
    const first = list.length === 0
    list.push(waiter)
    if (!first) return
    this.#changed()
    if (fetch) this.engine.get(this)
    else this.engine.watch(this)
  }

  leave(waiter: ObjectWaiter): boolean {
    if (this.#fetchers?.remove(waiter) === true) {
      if (this.#fetchers.length === 0) {
        this.engine.forgetGet(this)
        this.#changed()
      }
      return true
    }
    if (this.#watchers?.remove(waiter) === true) {
      if (this.#watchers.length === 0) {
        this.engine.forgetWatch(this)
        this.#changed()
      }
      return true
    }
    return false
  }

  look(): Promise<void> | undefined {
    if (this.settled) return undefined
    return new Promise((resolve) => {
      this.#looks.push(resolve)
      this.#changed()
      this.engine.look(this)
    })
  }

  retain(): void {
    this.#handles++
    this.#retained = true
  }

  release(): void {
    if (this.#handles > 0 && --this.#handles === 0) this.#dropIfUnheld()
  }

  export(context: EncodeContext): EncodedHandle {
    this.engine.checkExport(this)
    const adopted = this.engine.client.adopt(context, HandleKind.objectRef, this.share, [this.id])
    if (adopted !== undefined) return adopted
    exported(context, this)
    return { kind: HandleKind.objectRef, body: this.share.number, codec: this.engine.codec }
  }

  /** The value is on its way to the store. */
  storing(): void {
    this.#storing = true
    this.#changed()
  }

  /** The value is in the store, or never will be. */
  stored(): void {
    this.#storing = false
    this.settledAs(ObjectState.value)
  }

  /** What the agent says about the object's state. */
  settledAs(state: number): void {
    if (state !== ObjectState.pending && this.#state === ObjectState.pending) this.#state = state
    const looks = this.#looks
    this.#looks = []
    if (state !== ObjectState.pending) wake(this, this.#watchers)
    for (const look of looks) look()
    this.#changed()
  }

  /** A part of the value has arrived. */
  progress(bytes: number, total: number): void {
    if (this.#fetchers !== undefined) for (const waiter of this.#fetchers) waiter.progress?.(bytes, total)
  }

  /** The value has arrived. */
  arrived(value: ArrivedValue): void {
    if (this.#error !== undefined) return
    this.#state = ObjectState.value
    this.#value = value
    this.#fresh = true
    const fetchers = this.#fetchers
    for (let waiter = fetchers?.shift(); waiter !== undefined; waiter = fetchers?.shift()) {
      this.#last = fetchers?.length === 0
      waiter.settled(this)
    }
    this.#last = false
    // Nobody has looked: what is inside has been counted all the same.
    if (this.#fresh && this.#value === value) this.engine.discard(() => this.value())
    if (isLarge(value) && this.#value === value) this.#forgetValue()
    this.settledAs(ObjectState.value)
  }

  /** The object has failed, or its value is gone: from now on this is all that anybody gets. */
  fail(error: unknown): void {
    this.#state = ObjectState.failed
    this.#error = { cause: error }
    this.#storing = false
    this.#forgetValue()
    wake(this, this.#fetchers)
    this.settledAs(ObjectState.failed)
  }

  #forgetValue(): void {
    this.#value = undefined
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) for (const inner of held) inner.release()
  }

  /** Keeps the object, and the process, for as long as something is to come. */
  #changed(): void {
    const waited = this.#looks.length > 0 || waits(this.#fetchers) || waits(this.#watchers)
    if (waited !== this.#holding) {
      this.#holding = waited
      const { connection, waits } = this.engine
      if (waited) {
        connection.hold()
        waits.begin()
      } else {
        connection.release()
        waits.end()
      }
    }
    this.#expecting = waited || this.#storing
    if (this.#expecting) this.engine.expect(this)
    else {
      this.engine.expectNoMore(this)
      this.#dropIfUnheld()
    }
  }

  #dropIfUnheld(): void {
    if (!this.#retained || this.#handles > 0 || this.#expecting) return
    this.#forgetValue()
    this.engine.drop(this)
  }
}

function isLarge({ start, end }: ArrivedValue): boolean {
  return end - start > mostKept
}

function waits(list: WaiterList<ObjectWaiter> | undefined): boolean {
  return list !== undefined && list.length > 0
}

function wake(object: RayObject, list: WaiterList<ObjectWaiter> | undefined): void {
  for (let waiter = list?.shift(); waiter !== undefined; waiter = list?.shift()) waiter.settled(object)
}
