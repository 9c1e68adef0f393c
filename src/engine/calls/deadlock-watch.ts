import type { PendingCall } from './pending-call.ts'

/** One call in a chain of calls, each of which waits for the next. */
export interface ChainLink {
  /** Tells calls of the whole runtime apart. */
  readonly key: string
  /** As in `Counter.add`. */
  readonly label: string
}

/** A call that this thread runs, and that waits for calls which it has made. */
export interface RunningCall {
  /** The calls that wait for it, the nearest one last, and then itself. */
  readonly chain: readonly ChainLink[]
  /** Announced waits of the call, which have to hear when somebody begins to wait for the call itself. */
  readonly waits: Set<PendingCall>
}

/** On whose behalf a call was made. */
export interface Errand {
  readonly parent: RunningCall
  /** False when it was only the one call that ran at that time. */
  readonly sure: boolean
  announced: boolean
  /** When somebody began to wait. */
  tick: number
}

/** Milliseconds between two looks at who waits. */
const interval = 100
/** Ticks after which a wait is announced: at once, and when something else in the thread may have made the call. */
const sureTicks = 1
const unsureTicks = 20
/** Chains that are longer are cut at their far end. */
const longestChain = 64

/**
 * Tells those who are waited for who waits, so that they can see when that is a circle.
 *
 * Most calls are answered long before anybody would have to know. So waits are announced only when they have lasted for a while, by one
 * timer for all of the thread.
 */
export class DeadlockWatch {
  readonly #waiting = new Set<PendingCall>()
  #timer: NodeJS.Timeout | undefined
  #tick = 0

  /** Somebody in the thread waits for a call that has an errand. */
  add(call: PendingCall, errand: Errand): void {
    errand.tick = this.#tick
    this.#waiting.add(call)
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#look(), interval)
    this.#timer.unref()
  }

  /** The call is over. */
  remove(call: PendingCall, errand: Errand): void {
    this.#waiting.delete(call)
    errand.parent.waits.delete(call)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#waiting.clear()
  }

  #look(): void {
    this.#tick++
    if (this.#waiting.size === 0) {
      this.stop()
      return
    }
    for (const call of this.#waiting) {
      const errand = call.errand as Errand
      if (errand.announced || this.#tick - errand.tick < (errand.sure ? sureTicks : unsureTicks)) continue
      // A call that has not been sent yet is announced later.
      if (call.peer === undefined) continue
      errand.announced = true
      errand.parent.waits.add(call)
      announce(call)
    }
  }
}

/** Tells the callee of a call who waits for it. */
export function announce(call: PendingCall): void {
  const chain = call.errand?.parent.chain
  if (chain !== undefined) call.peer?.awaiting(call.id, chain.slice(-longestChain))
}
