import type { EncodeContext } from '../../codec/handles.ts'
import { KlawError } from '../../errors.ts'
import { type EncodedValue, HandleKind } from '../../wire/token.ts'
import { LocalObject, type ObjectTable } from './local-object.ts'
import { largeValue, type StoredValue, storedSize, toShared, toStored } from './stored-value.ts'

/** Whoever makes the value of a pending object: a call or a task. */
export interface Producer {
  /** Somebody in this thread began to wait for the object, and nobody did before. */
  awaited?(object: OwnedObject): void
}

/** An object that this thread owns: it ends when the thread does. It stays in the thread until a handle of it leaves. */
export class OwnedObject extends LocalObject {
  readonly producer: Producer | undefined
  readonly #number: number
  #published = false

  /** @internal `LocalObjects.create` makes them. */
  constructor(engine: ObjectTable, number: number, producer: Producer | undefined) {
    super(engine)
    this.#number = number
    this.producer = producer
  }

  get id(): string {
    return `${this.engine.client.session}.${this.#number}`
  }

  /** The object has its value. Its tokens are the object's from now on. Does nothing but release them when it has settled before. */
  settle(value: EncodedValue): void {
    if (this.settled) {
      this.engine.client.releaseTokens(value.tokens)
      return
    }
    const stored = toStored(value)
    if (!this.tryKeep(stored)) this.fail(this.engine.memory.full(storedSize(stored)))
  }

  /** The object has failed: every `get` throws `error`. Does nothing when it has settled before. */
  fail(error: unknown): void {
    if (this.settled) return
    this.failWith(error)
    if (this.#published) this.#publish()
    this.wake()
  }

  /**
   * Takes the value if there is room for it. What is small is not counted, since that would cost more than to store it.
   * @internal
   */
  tryKeep(stored: StoredValue): boolean {
    const size = storedSize(stored)
    if (size >= largeValue && !this.engine.reserve(this, size)) {
      this.engine.client.releaseTokens(stored.tokens)
      return false
    }
    if (stored.tokens !== undefined && stored.tokens.length > 0) this.engine.estates.of(this).tokens = stored.tokens
    this.succeedWith(stored)
    if (this.#published) this.#publish()
    this.wake()
    return true
  }

  lose(error: unknown): void {
    if (this.remains !== undefined) this.engine.estates.giveBack(this.remains)
    this.failWith(error)
    this.wake()
  }

  look(): void {}

  export(context: EncodeContext): { kind: number; body: unknown } {
    if (!this.#published) {
      this.#published = true
      this.engine.estates.publish(this, 0)
      this.#publish()
    }
    return this.engine.client.export(context, HandleKind.objectRef, this.id, this.id)
  }

  protected override waiting(): void {
    this.producer?.awaited?.(this)
  }

  protected drop(): void {
    // A value that is still to come has to be passed on to those who hold the object elsewhere.
    if (!this.settled && this.#published) return
    this.engine.estates.settle(this)
    this.stored = undefined
  }

  /** Tells the hub what there is: a value, an error, or that something will come. */
  #publish(): void {
    const { connection } = this.engine.client
    const id = this.id
    if (!this.settled) {
      connection.notify('object.publish', { id })
    } else if (this.stored !== undefined) {
      // The hub counts the bytes, and releases the handles inside, from here on.
      const value = toShared(this.stored)
      this.engine.sharedMemory.reach(value.bytes)
      this.stored = value
      const remains = this.engine.estates.of(this)
      connection.notify('object.publish', { id, value, counted: remains.bytes })
      remains.bytes = 0
      remains.tokens = undefined
    } else {
      connection.notify('object.publish', { id, value: this.#encodedError(), failed: true, counted: 0 })
    }
  }

  /** As bytes, since the hub does not know the classes that a program has registered. */
  #encodedError(): EncodedValue {
    const { error } = this
    try {
      return this.engine.encode(error, 'error')
    } catch (cause) {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      return this.engine.encode(new KlawError(`an error that can not be sent: ${text} (${String(cause)})`), 'error')
    }
  }
}
