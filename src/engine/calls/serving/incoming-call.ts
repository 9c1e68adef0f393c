import { Waiter } from '../../../core/waiters.ts'
import type { CallContext } from '../../thread-context.ts'
import { announce, type ChainLink, type RunningCall } from '../deadlock-watch.ts'
import type { PendingCall } from '../pending-call.ts'
import type { Answering } from './answering.ts'

/** Where a call waits for its turn. */
export interface WaitingLine {
  /** Takes the call out, for good. */
  withdraw(call: IncomingCall): void
  /** The call has learnt who waits for it. */
  awaited(call: IncomingCall): void
}

/** A call that this thread has been asked to run, until it has been answered. */
export abstract class IncomingCall extends Waiter implements RunningCall {
  readonly server: Answering
  readonly id: number
  readonly method: string
  /** Whether reading the arguments claims handles. */
  abstract readonly hasHandles: boolean
  /** Settles when the hub has seen the claims of the arguments; undefined while none are known to be on their way. */
  claims: Promise<void> | undefined
  #context: RunningContext | undefined
  #waiters: readonly ChainLink[] = []
  #waits: Set<PendingCall> | undefined
  /** Nothing more will be sent for it. */
  answered = false
  /** Where it waits for its turn, while it does. */
  queue: WaitingLine | undefined
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

  constructor(server: Answering, id: number, method: string) {
    super()
    this.server = server
    this.id = id
    this.method = method
  }

  /** The arguments, for the method, which may change them. Throws `SerializationError`. */
  abstract arguments(): unknown[]

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
