import type { ThreadContext } from '../../thread-context.ts'
import type { Errand } from '../deadlock-watch.ts'
import type { IncomingCall } from './incoming-call.ts'

/** The calls that run in this thread now. */
export class ThreadCalls {
  readonly context: ThreadContext
  /** Those whose methods have returned promises. */
  readonly running = new Set<IncomingCall>()

  constructor(context: ThreadContext) {
    this.context = context
  }

  /** On whose behalf a call is made now: of the method on the stack, or of the only one that runs. */
  errand(): Errand | undefined {
    const current = this.context.call as IncomingCall | undefined
    if (current !== undefined) return { parent: current, sure: true, announced: false, tick: 0 }
    if (this.running.size !== 1) return undefined
    for (const only of this.running) return { parent: only, sure: false, announced: false, tick: 0 }
    return undefined
  }
}
