import { type EncodeContext, type EncodedHandle, handleSymbol } from '../../../codec/handles.ts'
import type { WaitOptions } from '../../../core/ports.ts'
import { HandleKind } from '../../../wire/token.ts'
import type { ActorPort } from '../../actor-engine.ts'
import { objectValue } from '../../object-value.ts'
import type { QueuePort, QueueRefusal } from '../../queue-engine.ts'
import type { Handed, QueueCaller, Unsuccessful } from './queue-calls.ts'

const gone: Unsuccessful = 'gone'

/** The actor of a queue, and what has to live as long as it is used. */
export interface QueueActorHandle {
  readonly port: ActorPort
  /** Lets go of the actor. */
  release(): void
}

/** A queue of the embedded engine: calls of its actor. */
export class LocalQueuePort implements QueuePort {
  readonly #actor: QueueActorHandle
  readonly #session: number
  readonly #handle: number
  #nextOperation = 1
  /** The last ticket that arrived, and the last one that the actor was told of. */
  #took = 0
  #told = 0
  #telling = false

  /** @param handle unique in the session */
  constructor(actor: QueueActorHandle, session: number, handle: number) {
    this.#actor = actor
    this.#session = session
    this.#handle = handle
  }

  get id(): string {
    return this.#actor.port.id
  }

  ready(): Promise<void> {
    return this.#actor.port.ready()
  }

  async put(item: unknown, { timeout, signal }: WaitOptions): Promise<boolean> {
    signal?.throwIfAborted()
    const caller = this.#caller()
    const outcome = this.#call('put', [...caller, timeout, item])
    return (await (signal === undefined ? outcome : this.#unlessAborted(outcome, caller, signal))) === 'done'
  }

  async putAll(items: readonly unknown[]): Promise<QueueRefusal | undefined> {
    return (await this.#call('putAll', [items])) as QueueRefusal | undefined
  }

  async get({ timeout, signal }: WaitOptions): Promise<{ readonly item: unknown } | undefined> {
    signal?.throwIfAborted()
    const caller = this.#caller()
    const call = this.#call('get', [...caller, timeout])
    const outcome = await (signal === undefined ? call : this.#unlessAborted(call, caller, signal))
    return typeof outcome === 'string' ? undefined : { item: this.#items(outcome as Handed)[0] }
  }

  async getMany(count: number): Promise<{ readonly items: readonly unknown[] } | QueueRefusal> {
    const outcome = (await this.#call('getMany', [...this.#caller(), count])) as Handed | QueueRefusal
    return 'size' in outcome ? outcome : { items: this.#items(outcome) }
  }

  async size(): Promise<number> {
    return (await this.#call('size', [])) as number
  }

  async full(): Promise<boolean> {
    return (await this.#call('full', [])) as boolean
  }

  async shutdown(force: boolean, grace: number): Promise<void> {
    const { port } = this.#actor
    // Calls of one thread are carried out in order, so this one says that those before it have been.
    if (!force) await withinGrace(this.#call('size', []), grace)
    await port.engine.kill(port, true)
  }

  release(): void {
    this.#actor.release()
  }

  export(_context: EncodeContext): EncodedHandle {
    const { port } = this.#actor
    // The actor's own handle goes along; its token stands for both.
    return { kind: HandleKind.queue, body: [0, 0, new NestedHandle(port)] }
  }

  #call(method: string, args: readonly unknown[]): Promise<unknown> {
    return objectValue(this.#actor.port.call(method, args, undefined))
  }

  #caller(): QueueCaller {
    this.#told = this.#took
    return [this.#session, this.#handle, this.#nextOperation++, this.#told]
  }

  /** The outcome. The actor decides whether the abort or the item came first, so an item that was taken is never lost. */
  async #unlessAborted(
    outcome: Promise<unknown>,
    [session, handle, operation]: QueueCaller,
    signal: AbortSignal,
  ): Promise<unknown> {
    const abandon = () => this.#tell('abandon', [session, handle, operation, this.#took])
    signal.addEventListener('abort', abandon, { once: true })
    try {
      const settled = await outcome
      if (settled === gone) throw signal.reason
      return settled
    } finally {
      signal.removeEventListener('abort', abandon)
    }
  }

  #items([ticket, ...items]: Handed): readonly unknown[] {
    this.#took = Math.max(this.#took, ticket)
    if (!this.#telling) {
      this.#telling = true
      // Every operation says it as well, so while there are others this has nothing left to say.
      setImmediate(() => {
        this.#telling = false
        if (this.#told < this.#took) this.#tell('took', this.#caller())
      })
    }
    return items
  }

  /** A call of which nobody awaits the outcome: if the queue is gone, so is what it was about. */
  #tell(method: string, args: readonly unknown[]): void {
    this.#actor.port.call(method, args, undefined)
  }
}

/** What stands for the actor's handle inside the queue's. */
class NestedHandle {
  readonly #port: ActorPort

  constructor(port: ActorPort) {
    this.#port = port
  }

  [handleSymbol](context: EncodeContext): EncodedHandle {
    return this.#port.export(context)
  }
}

/** Waits for the call, but not for ever. Whether it succeeds does not matter: what follows ends the queue either way. */
function withinGrace(call: Promise<unknown>, grace: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, grace)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    call.then(end, end)
  })
}
