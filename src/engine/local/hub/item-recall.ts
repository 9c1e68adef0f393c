import type { ItemQueue } from '../../../core/item-queue.ts'
import type { Item } from './item.ts'
import type { ReceiverEnd } from './receiver-end.ts'

interface Probe {
  readonly end: ReceiverEnd
  /** Ends whose answer may still bring items. */
  readonly asked: Set<ReceiverEnd>
  readonly answer: () => void
}

/**
 * Milliseconds that a receiver waits before what others hold untaken is called back. An item that goes back can be overtaken by
 * later ones, so it is left to whoever is likely to take it.
 */
const patience = 10
/** Milliseconds that a probe waits for threads that do not answer, because they compute. */
const probeTime = 20

/** Calls items back that were delivered in advance and not taken, when another receiver waits for one. */
export class ItemRecall {
  readonly #queue: ItemQueue<Item>
  readonly #receivers: ReadonlySet<ReceiverEnd>
  readonly #probes: Probe[] = []
  #starvedTimer: NodeJS.Timeout | undefined
  #probeTimer: NodeJS.Timeout | undefined

  constructor(queue: ItemQueue<Item>, receivers: ReadonlySet<ReceiverEnd>) {
    this.#queue = queue
    this.#receivers = receivers
  }

  /** Somebody waits in line. */
  starved(): void {
    if (this.#starvedTimer !== undefined || this.#receivers.size < 2 || !this.#anyUntaken()) return
    this.#starvedTimer = setTimeout(() => this.#lookAgain(), patience)
  }

  /** There is nothing for `end` now. `answer` is called once what others held untaken has come back. */
  probe(end: ReceiverEnd, answer: () => void): void {
    const asked = new Set<ReceiverEnd>()
    for (const other of this.#receivers) {
      if (other === end || other.delivered.length === 0) continue
      other.recall()
      asked.add(other)
    }
    if (asked.size === 0) {
      answer()
      return
    }
    this.#probes.push({ end, asked, answer })
    this.#probeTimer ??= setTimeout(() => this.#giveUp(), probeTime)
  }

  /** An end has given items back. */
  answered(end: ReceiverEnd): void {
    for (const probe of [...this.#probes]) {
      probe.asked.delete(end)
      if (this.#queue.length > 0 || probe.asked.size === 0) this.#settle(probe)
    }
  }

  gone(end: ReceiverEnd): void {
    for (const probe of [...this.#probes]) if (probe.end === end) this.#remove(probe)
    this.answered(end)
  }

  stop(): void {
    for (const probe of [...this.#probes]) this.#settle(probe)
    clearTimeout(this.#starvedTimer)
    this.#starvedTimer = undefined
  }

  #lookAgain(): void {
    this.#starvedTimer = undefined
    if (this.#queue.waiting === 0) return
    const before = performance.now() - patience
    for (const end of this.#receivers) {
      // An end that takes all the time is about to use what it has.
      if (end.awaited === 0 && end.delivered.length > 0 && end.lastActive <= before) end.recall()
    }
    this.starved()
  }

  #anyUntaken(): boolean {
    for (const end of this.#receivers) if (end.awaited === 0 && end.delivered.length > 0) return true
    return false
  }

  #giveUp(): void {
    this.#probeTimer = undefined
    for (const probe of [...this.#probes]) this.#settle(probe)
  }

  #settle(probe: Probe): void {
    this.#remove(probe)
    probe.answer()
  }

  #remove(probe: Probe): void {
    const index = this.#probes.indexOf(probe)
    if (index >= 0) this.#probes.splice(index, 1)
    if (this.#probes.length === 0) {
      clearTimeout(this.#probeTimer)
      this.#probeTimer = undefined
    }
  }
}
