import { KlawError } from '../../../errors.ts'
import type { CallReceiver } from '../../calls/serving/answering.ts'
import type { IncomingCall } from '../../calls/serving/incoming-call.ts'
import type { Modules } from '../../calls/serving/modules.ts'
import { runCall } from '../../calls/serving/run-call.ts'
import type { ThreadCalls } from '../../calls/serving/thread-calls.ts'
import { taskAddress } from '../task-method.ts'

/** Runs tasks. Whoever holds the lease of this thread sends one at a time. */
export class TaskRunner implements CallReceiver {
  readonly #thread: ThreadCalls
  readonly #modules: Modules
  readonly #blocked: (blocked: boolean) => void
  #running = 0
  #waiting = false
  #told = false

  /** @param blocked told when a task that runs begins, and when it stops, to wait for calls that it has made */
  constructor(thread: ThreadCalls, modules: Modules, blocked: (blocked: boolean) => void) {
    this.#thread = thread
    this.#modules = modules
    this.#blocked = blocked
  }

  /** The thread begins, or stops, to wait for calls that it has made. */
  waiting(waits: boolean): void {
    this.#waiting = waits
    this.#tell()
  }

  accept(call: IncomingCall): void {
    const address = taskAddress(call.method)
    call.taskName = address.name
    const known = this.#modules.known('task', address)
    if (known !== undefined) {
      this.#run(call, known.target)
      return
    }
    call.server.opened(call)
    this.#modules.find('task', address).then(
      ({ target }) => this.#run(call, target),
      (error) => call.server.refuse(call, KlawError.from(error)),
    )
  }

  #run(call: IncomingCall, target: (...args: never[]) => unknown): void {
    if (call.answered) return
    if (call.abortReason !== undefined) {
      call.server.threw(call, call.abortReason)
    } else if (runCall(this.#thread, call, (args) => target(...(args as never[])), this.#settled)) {
      this.#running++
      this.#tell()
    }
  }

  readonly #settled = (): void => {
    this.#running--
    this.#tell()
  }

  #tell(): void {
    const blocked = this.#waiting && this.#running > 0
    if (blocked === this.#told) return
    this.#told = blocked
    this.#blocked(blocked)
  }
}
