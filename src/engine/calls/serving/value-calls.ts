import { RuntimeClosedError, TaskCancelledError } from '../../../errors.ts'
import type { Answering, CallReceiver } from './answering.ts'
import { IncomingCall } from './incoming-call.ts'

/** A call whose arguments are values already. */
class ValueCall extends IncomingCall {
  readonly hasHandles = false
  readonly #args: readonly unknown[]
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void

  constructor(
    server: Answering,
    id: number,
    method: string,
    args: readonly unknown[],
    { resolve, reject }: { resolve: (value: unknown) => void; reject: (error: unknown) => void },
  ) {
    super(server, id, method)
    this.#args = args
    this.resolve = resolve
    this.reject = reject
  }

  arguments(): unknown[] {
    return [...this.#args]
  }
}

/** Runs calls that come as values, as requests bring them, and answers with promises. All of them have one caller. */
export class ValueCalls implements Answering {
  readonly key: string
  readonly #open = new Set<ValueCall>()
  readonly #endListeners = new Set<() => void>()
  #nextId = 1
  #gone: Error | undefined

  /** @param key tells the callers of the whole runtime apart */
  constructor(key: string) {
    this.key = key
  }

  /**
   * Has `receiver` run a call, after those that it has been given before. Rejects with what the method throws, and with
   * `TaskCancelledError` when `signal` aborts and the method heeds that, or has not begun.
   *
   * @throws RuntimeClosedError (rejects) when the actor has gone, or the caller
   */
  call(receiver: CallReceiver, method: string, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return reject(this.#gone)
      if (signal?.aborted === true) return reject(cancelled(method))
      const abort = () => this.#cancel(call)
      const settled = () => signal?.removeEventListener('abort', abort)
      const call = new ValueCall(this, this.#nextId++, method, args, {
        resolve: (value) => {
          settled()
          resolve(value)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
      signal?.addEventListener('abort', abort)
      this.#open.add(call)
      receiver.accept(call)
    })
  }

  /** The caller has gone: what it has called is told to stop. */
  end(): void {
    if (this.#gone !== undefined) return
    const gone = new RuntimeClosedError('the caller has gone')
    this.#gone = gone
    for (const call of [...this.#open]) {
      call.queue?.withdraw(call)
      this.#settle(call)?.reject(gone)
      call.abort(gone)
    }
    for (const listener of [...this.#endListeners]) listener()
  }

  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener)
    return () => this.#endListeners.delete(listener)
  }

  /** Every call is answered later. */
  opened(): void {}

  returned(call: IncomingCall, value: unknown): void {
    this.#settle(call)?.resolve(value)
  }

  threw(call: IncomingCall, error: unknown): void {
    this.#settle(call)?.reject(call.isAbort(error) ? cancelled(call.method, error) : error)
  }

  refuse(call: IncomingCall, error: unknown): void {
    this.#settle(call)?.reject(error)
  }

  lost(call: IncomingCall): void {
    this.#settle(call)?.reject(new RuntimeClosedError(`${call.method} was called of an actor that has gone`))
  }

  #cancel(call: ValueCall): void {
    if (call.queue === undefined) {
      call.abort(cancelled(call.method))
      return
    }
    call.queue.withdraw(call)
    this.refuse(call, cancelled(call.method))
  }

  /** The call, unless it has been answered. */
  #settle(call: IncomingCall): ValueCall | undefined {
    if (call.answered) return undefined
    call.answered = true
    this.#open.delete(call as ValueCall)
    return call as ValueCall
  }
}

function cancelled(method: string, cause?: unknown): TaskCancelledError {
  return cause === undefined
    ? new TaskCancelledError(`${method} was cancelled`)
    : new TaskCancelledError(`${method} was cancelled while it ran`, { cause })
}
