import type { IncomingCall } from '../../calls/serving/incoming-call.ts'
import { runCall } from '../../calls/serving/run-call.ts'
import type { ThreadCalls } from '../../calls/serving/thread-calls.ts'
import type { ValueCalls } from '../../calls/serving/value-calls.ts'
import type { TaskCode } from '../../definition.ts'
import type { Waits } from '../waits.ts'

/** Milliseconds that a task waits before the parent is told, who then waits as well: most calls take less. */
const patience = 10

/** Runs the tasks that the parent asks for, and tells it whether what runs waits for others, so that Ray can lend its CPUs meanwhile. */
export class HostTasks {
  readonly #thread: ThreadCalls
  readonly #calls: ValueCalls
  readonly #waits: Waits
  readonly #blocked: (blocked: boolean) => void
  #running = 0
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #told = false

  /** @param blocked told when a task that runs has begun, and when it stops, to wait for objects or for calls of its own */
  constructor(thread: ThreadCalls, calls: ValueCalls, waits: Waits, blocked: (blocked: boolean) => void) {
    this.#thread = thread
    this.#calls = calls
    this.#waits = waits
    this.#blocked = blocked
    waits.onChange(() => this.#changed())
  }

  /** Rejects with what the function throws, and with `TaskCancelledError` when the signal aborts and the function heeds that. */
  run({ target, description }: TaskCode, args: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    const accept = (call: IncomingCall) => {
      const work = (values: unknown[]) => target(...(values as never[]))
      if (!runCall(this.#thread, call, work, () => this.#settled())) return
      this.#running++
      this.#changed()
    }
    return this.#calls.call({ accept }, description.name, args, signal)
  }

  #settled(): void {
    this.#running--
    this.#changed()
  }

  #changed(): void {
    if (this.#running === 0 || !this.#waits.any) {
      this.#tell(false)
      return
    }
    this.#since = performance.now()
    if (this.#timer === undefined && !this.#told) this.#arm(patience)
  }

  #arm(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#running === 0 || !this.#waits.any) return
      // Timers may be early by less than a millisecond.
      const left = patience - (performance.now() - this.#since)
      if (left > 1) this.#arm(left)
      else this.#tell(true)
    }, milliseconds)
    this.#timer.unref()
  }

  #tell(blocked: boolean): void {
    if (blocked === this.#told) return
    this.#told = blocked
    this.#blocked(blocked)
  }
}
