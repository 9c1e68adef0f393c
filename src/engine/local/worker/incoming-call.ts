import type { DecodeContext } from '../../../codec/handles.ts'
import { Waiter } from '../../../core/waiters.ts'
import { CallFlag } from '../../../wire/call-frames.ts'
import type { CallContext } from '../../thread-context.ts'
import { announce, type ChainLink, type RunningCall } from '../deadlock-watch.ts'
import type { PendingCall } from '../pending-call.ts'
import type { CallServer } from './call-server.ts'

const keeping: DecodeContext = { keepCustom: true }

/** A call that this thread has been asked to run, until it has been answered. Stands in its actor's queue until it is its turn. */
export class IncomingCall extends Waiter implements RunningCall {
  readonly server: CallServer
  readonly id: number
  readonly method: string
  readonly flags: number
  readonly #count: number
  // The frame: its chunk, and where the lengths and the arguments stand in it.
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #lengths: number
  readonly #payload: number
  readonly #attachments: readonly unknown[] | undefined
  #context: RunningContext | undefined
  #waiters: readonly ChainLink[] = []
  #waits: Set<PendingCall> | undefined
  /** Nothing more will be sent for it. */
  answered = false
  /** Whoever runs it, while it waits there for its turn. */
  queue: { withdraw(call: IncomingCall): void; awaited(call: IncomingCall): void } | undefined
  /** What to run in place of the method of that name. */
  work: ((args: unknown[]) => unknown) | undefined
  /** Its method only passes values on: it gets those of classes with a serializer as they came. */
  keepCustom = false
  /** Why the method should stop. */
  abortReason: Error | undefined
  /** The actor that runs it; undefined for a task. */
  actorId: string | undefined
  className: string | undefined
  /** A task's own name, which its method also gives the module of. */
  taskName: string | undefined

  constructor(
    server: CallServer,
    id: number,
    method: string,
    frame: { readonly flags: number; readonly view: DataView; readonly bytes: Uint8Array; readonly position: number },
    attachments: readonly unknown[] | undefined,
    lengths: number,
    count: number,
  ) {
    super()
    this.server = server
    this.id = id
    this.method = method
    this.flags = frame.flags
    this.#view = frame.view
    this.#bytes = frame.bytes
    this.#payload = frame.position
    this.#attachments = attachments
    this.#lengths = lengths
    this.#count = count
  }

  /** Tells calls of the whole runtime apart. */
  get key(): string {
    return `${this.server.key}.${this.id}`
  }

  /** The calls that wait for it, and then itself. */
  get chain(): readonly ChainLink[] {
    const label = this.className === undefined ? this.context.method : `${this.className}.${this.method}`
    return [...this.#waiters, { key: this.key, label }]
  }

  /** Learns who waits for it, and passes it on to those that it waits for. */
  awaited(waiters: readonly ChainLink[]): void {
    this.#waiters = waiters
    for (const call of this.waits) announce(call)
    this.queue?.awaited(this)
  }

  /** Announced waits of this call. */
  get waits(): Set<PendingCall> {
    this.#waits ??= new Set()
    return this.#waits
  }

  /** Whether decoding the arguments claims handles. */
  get hasHandles(): boolean {
    return (this.flags & CallFlag.tokens) !== 0
  }

  /** Decodes the arguments. Throws `SerializationError`. */
  arguments(): unknown[] {
    const count = this.#count
    const args: unknown[] = []
    const { codec } = this.server
    const { keepCustom } = this
    let position = this.#payload
    if ((this.flags & CallFlag.attachments) === 0) {
      for (let index = 0; index < count; index++) {
        const end = position + this.#view.getUint32(this.#lengths + index * 4, true)
        args.push(codec.decode(this.#bytes, position, end, keepCustom ? keeping : undefined))
        position = end
      }
      return args
    }
    let attached = 0
    for (let index = 0; index < count; index++) {
      const end = position + this.#view.getUint32(this.#lengths + index * 4, true)
      const next = attached + this.#view.getUint32(this.#lengths + (count + index) * 4, true)
      const attachments = this.#attachments?.slice(attached, next)
      args.push(codec.decode(this.#bytes, position, end, { attachments, keepCustom }))
      position = end
      attached = next
    }
    return args
  }

  /** What the method may learn about its call. */
  get context(): CallContext {
    this.#context ??= new RunningContext(this)
    return this.#context
  }

  /** Asks the method to stop: the call was cancelled, its caller has gone, or its actor was killed. */
  abort(reason: Error): void {
    if (this.abortReason !== undefined) return
    this.abortReason = reason
    this.#context?.abort(reason)
  }

  /** Whether the method threw this because it was asked to stop. */
  isAbort(thrown: unknown): boolean {
    const reason = this.abortReason
    if (reason === undefined) return false
    if (thrown === reason) return true
    return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.cause === reason)
  }
}

class RunningContext implements CallContext {
  readonly #call: IncomingCall
  #controller: AbortController | undefined

  constructor(call: IncomingCall) {
    this.#call = call
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      const reason = this.#call.abortReason
      if (reason !== undefined) this.#controller.abort(reason)
    }
    return this.#controller.signal
  }

  get actorId(): string | undefined {
    return this.#call.actorId
  }

  get className(): string | undefined {
    return this.#call.className
  }

  get method(): string {
    return this.#call.taskName ?? this.#call.method
  }

  abort(reason: Error): void {
    this.#controller?.abort(reason)
  }
}
