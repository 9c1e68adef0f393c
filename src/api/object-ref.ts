import { type EncodeContext, type EncodedHandle, handleSymbol } from '../codec/handles.ts'
import { type ObjectPort, objectPort } from '../engine/object-engine.ts'
import { objectValue } from '../engine/object-value.ts'
import { ObjectLostError } from '../errors.ts'

/**
 * Stands for a value that is elsewhere, or still to come: what `put` and every remote call return.
 *
 * Await it, any number of times: each time gives a fresh copy of the value, or throws what it failed with. A ref that fails and is never
 * awaited bothers nobody. Pass it on in arguments, results and messages; as a top-level argument of a call it is replaced by its value.
 *
 * **An async function can not return a ref**: JavaScript would await it. Return it inside an array or object, `return { ref }`.
 *
 * The value is kept as long as a ref to it is held anywhere. A ref lets go when it is collected as garbage, or at once by `using`.
 *
 * @example
 * ```ts
 * const ref = klaw.put({ words: ['hello', 'world'] })
 * console.log((await ref).words.length) // 2
 * ```
 */
export class ObjectRef<out T> implements PromiseLike<T>, Disposable {
  readonly #port: ObjectPort
  #disposed = false

  /** @internal Refs come from `put` and from remote calls. */
  constructor(port: ObjectPort) {
    this.#port = port
    port.retain()
  }

  /** Unique within the runtime. */
  get id(): string {
    return this.#port.id
  }

  /** @internal */
  get [objectPort](): ObjectPort {
    if (this.#disposed) throw disposed(this.#port)
    return this.#port
  }

  /**
   * Waits for the value; what `await` calls. Errors: those of the call that makes the value, `ObjectFreedError`, `OwnerDiedError`,
   * `RuntimeClosedError`. To wait with a limit use `klaw.get`.
   */
  // biome-ignore lint/suspicious/noThenProperty: a ref is awaitable, as Ray's are.
  then<Fulfilled = T, Rejected = never>(
    onFulfilled?: ((value: T) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    const value = this.#disposed ? Promise.reject(disposed(this.#port)) : objectValue(this.#port)
    return (value as Promise<T>).then(onFulfilled, onRejected)
  }

  /** Whether both stand for the same object. */
  equals(other: ObjectRef<unknown>): boolean {
    return other instanceof ObjectRef && other.#port.engine === this.#port.engine && other.id === this.id
  }

  /** Lets go of the value, as collecting the ref would. Idempotent; other refs of the same object are not affected. */
  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#port.release()
  }

  /** @internal */
  [handleSymbol](context: EncodeContext): EncodedHandle {
    return this[objectPort].export(context)
  }

  toString(): string {
    return `ObjectRef(${this.id})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

function disposed({ id }: ObjectPort): ObjectLostError {
  return new ObjectLostError(`this ref of object ${id} has been disposed of`, { objectId: id })
}
