import type { EncodeContext, EncodedHandle } from '../../../codec/handles.ts'
import { WaiterList } from '../../../core/waiters.ts'
import type { EncodedValue, Token } from '../../../wire/token.ts'
import type { CallHome } from '../../calls/call-home.ts'
import type { CallOutcome } from '../../calls/call-owner.ts'
import type { PendingCall } from '../../calls/pending-call.ts'
import type { ObjectWaiter } from '../../object-engine.ts'
import { readObject } from '../../read-object.ts'
import { type ExportContext, exportContext } from '../export-context.ts'
import type { RayObjects } from '../objects.ts'
import type { RayObject } from '../ray-object.ts'

/**
 * The result of a call of an actor in TypeScript. It is here, as bytes, and Ray knows nothing of it until a ref to it goes into a value: then it becomes an
 * object of Ray's, under a number of the client's, which may be before it has its value.
 */
export class CallResult implements CallOutcome {
  readonly engine: RayObjects
  /** @internal What makes it. */
  readonly call: PendingCall | undefined
  readonly #home: CallHome
  #value: EncodedValue | undefined
  #error: { readonly cause: unknown } | undefined
  #waiters: WaiterList<ObjectWaiter> | undefined
  #handles = 0
  #retained = false
  #id: string | undefined
  /** What Ray knows it by, once it does. */
  #object: RayObject | undefined

  constructor(engine: RayObjects, home: CallHome, call: PendingCall | undefined) {
    this.engine = engine
    this.#home = home
    this.call = call
  }

  get id(): string {
    this.#id ??= this.engine.client.nameOf(`r${this.engine.countResult()}`)
    return this.#id
  }

  get settled(): boolean {
    return this.#value !== undefined || this.#error !== undefined || this.engine.lost !== undefined
  }

  get failed(): boolean {
    return this.#error !== undefined || this.engine.lost !== undefined
  }

  /** Whoever knows that it has settled has its bytes. */
  get fetched(): boolean {
    return this.settled
  }

  get neverBegun(): boolean {
    return this.failed && this.call?.wasSent === false
  }

  value(): unknown {
    const { bytes } = this.read()
    return this.#home.codec.decode(bytes, 0, bytes.byteLength)
  }

  /** The value as bytes. Its tokens stay the result's. Throws like {@link value}. */
  read(): EncodedValue {
    const { lost } = this.engine
    if (lost !== undefined) throw lost
    if (this.#error !== undefined) throw this.#error.cause
    if (this.#value === undefined) throw new Error(`object ${this.id} is pending`)
    return this.#value
  }

  /** The value as bytes, now or when it is there. */
  arrived(): EncodedValue | Promise<EncodedValue> {
    return readObject(this)
  }

  settle(value: EncodedValue): void {
    if (this.#value !== undefined || this.#error !== undefined) {
      this.#home.releaseTokens(value.tokens)
      return
    }
    this.#value = value
    if (value.tokens !== undefined && value.tokens.length > 0) {
      collected.register(this, { home: this.#home, tokens: value.tokens }, this)
    }
    if (this.#object !== undefined) this.#deliver(this.#object)
    this.#wake()
  }

  fail(error: unknown): void {
    if (this.#value !== undefined || this.#error !== undefined) return
    this.lose(error)
  }

  /** There is no value, or no more. */
  lose(error: unknown): void {
    const wasPending = this.#value === undefined && this.#error === undefined
    this.#forget()
    this.#error = { cause: error }
    if (wasPending && this.#object !== undefined) this.#deliver(this.#object)
    this.#wake()
  }

  park(waiter: ObjectWaiter): void {
    if (this.settled) {
      waiter.settled(this)
      return
    }
    if (this.#waiters === undefined) {
      this.#waiters = new WaiterList()
      this.engine.connection.hold()
      this.engine.waits.begin()
      this.call?.awaited()
    }
    this.#waiters.push(waiter)
  }

  leave(waiter: ObjectWaiter): boolean {
    const waiters = this.#waiters
    if (waiters === undefined || !waiters.remove(waiter)) return false
    if (waiters.length === 0) this.#nobodyWaits()
    return true
  }

  look(): void {}

  retain(): void {
    this.#handles++
    this.#retained = true
  }

  release(): void {
    if (this.#handles > 0 && --this.#handles === 0) this.#dropIfUnheld()
  }

  export(context: EncodeContext): EncodedHandle {
    this.#object ??= this.#promote()
    return this.#object.export(context)
  }

  /** What Ray knows it by; undefined while it does not. */
  get object(): RayObject | undefined {
    return this.#object
  }

  #promote(): RayObject {
    const object = this.engine.create()
    object.result = this
    object.identify(this.id)
    object.retain()
    this.engine.apart(() => this.engine.promise(object))
    if (this.settled) this.#deliver(object)
    return object
  }

  /** Ray gets the value, or what the call has failed with. */
  #deliver(object: RayObject): void {
    this.engine.apart(() => {
      const { lost } = this.engine
      if (lost !== undefined) return
      try {
        const { bytes, handles } = this.#forRay()
        this.engine.storeAs(object, bytes, handles)
      } catch (error) {
        this.engine.refuse(object, error)
      }
    })
  }

  /** In a result, handles are those of messages; Ray's values have their own. */
  #forRay(): { bytes: Uint8Array<ArrayBuffer>; handles: ExportContext['handles'] } {
    const value = this.read()
    if (value.tokens === undefined || value.tokens.length === 0) {
      return { bytes: value.bytes as Uint8Array<ArrayBuffer>, handles: [] }
    }
    const context = exportContext()
    return { bytes: this.engine.encode(this.value(), context, 'result'), handles: context.handles }
  }

  #wake(): void {
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
    this.engine.connection.release()
    this.engine.waits.end()
    this.#dropIfUnheld()
  }

  /** Drops what no handle, and nobody who waits, can ask for any more. A value that Ray is to have has been passed on by then. */
  #dropIfUnheld(): void {
    if (!this.#retained || this.#handles > 0 || this.#waiters !== undefined) return
    if (this.#value === undefined && this.#error === undefined) return
    this.#forget()
    this.#object?.release()
    this.#object = undefined
  }

  #forget(): void {
    const tokens = this.#value?.tokens
    this.#value = undefined
    if (tokens === undefined || tokens.length === 0) return
    collected.unregister(this)
    this.#home.releaseTokens(tokens)
  }
}

/** The handles inside of results that nobody has disposed of. */
const collected = new FinalizationRegistry<{ readonly home: CallHome; readonly tokens: readonly Token[] }>(
  ({ home, tokens }) => home.releaseTokens(tokens),
)
