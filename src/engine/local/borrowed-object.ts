import type { EncodeContext } from '../../codec/handles.ts'
import { HandleKind, type Token } from '../../wire/token.ts'
import { LocalObject, type ObjectTable } from './local-object.ts'
import type { StoredValue } from './stored-value.ts'

/** What the hub answers to `object.fetch`, or undefined when it was only to look and there is nothing yet. */
export interface Fetched {
  readonly value: StoredValue
  /** Whether the value is the error that the object failed with. */
  readonly failed: boolean
}

/** An object that another thread owns. Its bytes are fetched from the hub once, when somebody asks, and kept while there are handles. */
export class BorrowedObject extends LocalObject {
  readonly id: string
  readonly #lease: number
  #fetch: AbortController | undefined
  #dropped = false

  /** @internal `LocalObjects.borrow` makes them. */
  constructor(engine: ObjectTable, id: string, lease: number) {
    super(engine)
    this.id = id
    this.#lease = lease
    engine.estates.publish(this, lease)
  }

  /** Makes this thread a holder. Claims of one object are counted once, so it may be called for each handle that arrives. */
  claim(token: Token): void {
    this.engine.client.claim(token, this.#lease)
  }

  async look(): Promise<void> {
    if (this.settled) return
    const { connection } = this.engine.client
    try {
      const fetched = (await connection.request('object.fetch', { id: this.id, wait: false })) as Fetched | undefined
      if (fetched !== undefined) this.#arrived(fetched)
    } catch (error) {
      this.lose(error)
    }
  }

  lose(error: unknown): void {
    if (this.#dropped || this.failed) return
    this.failWith(error)
    this.wake()
  }

  export(context: EncodeContext): { kind: number; body: unknown } {
    return this.engine.client.export(context, HandleKind.objectRef, this.id, this.id)
  }

  protected override waiting(): void {
    const controller = new AbortController()
    this.#fetch = controller
    // The waiters hold the event loop; the request is theirs.
    const options = { signal: controller.signal, keepAlive: false }
    this.engine.client.connection.request('object.fetch', { id: this.id, wait: true }, options).then(
      (fetched) => this.#arrived(fetched as Fetched),
      (error) => {
        if (!controller.signal.aborted) this.lose(error)
      },
    )
  }

  protected override abandoned(): void {
    if (!this.settled) this.#fetch?.abort()
    this.#fetch = undefined
  }

  protected drop(): void {
    this.#dropped = true
    this.engine.estates.settle(this)
    this.stored = undefined
  }

  #arrived({ value, failed }: Fetched): void {
    this.engine.sharedMemory.reach(value.bytes)
    if (this.settled || this.#dropped) return
    if (!failed) this.succeedWith(value)
    else this.failWith(this.#decode(value))
    this.wake()
  }

  #decode({ bytes, attachments }: StoredValue): unknown {
    try {
      return this.engine.client.codec.decode(bytes, 0, bytes.byteLength, { attachments })
    } catch (error) {
      return error
    }
  }
}
