import type { Slots } from '../../../core/slots.ts'
import type { SenderEnd } from './sender-end.ts'

interface Attempt {
  readonly end: SenderEnd
  readonly count: number
  /** Ends whose answer may still free slots. */
  readonly asked: Set<SenderEnd>
}

/** Milliseconds that somebody waits in line before unused credits are called back. */
const patience = 2
/** Milliseconds that an attempt waits for threads that do not answer a recall, because they compute. */
const recallTime = 20

/** Calls unused credits back when somebody else could use them. */
export class CreditRecall {
  readonly #slots: Slots
  readonly #senders: ReadonlySet<SenderEnd>
  readonly #attempts: Attempt[] = []
  #starvedTimer: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(slots: Slots, senders: ReadonlySet<SenderEnd>) {
    this.#slots = slots
    this.#senders = senders
  }

  /** Somebody waits in line for slots. Those who send all the time free them soon; those who do not are asked after a moment. */
  starved(): void {
    if (this.#starvedTimer !== undefined || this.#senders.size < 2 || !this.#anyHeld()) return
    this.#starvedTimer = setTimeout(() => {
      this.#starvedTimer = undefined
      if (this.#slots.waiting === 0) return
      this.#recallOthers(undefined)
      this.starved()
    }, patience)
  }

  /** Grants `count` slots at once, all or none. Slots that others hold unused count as free. */
  attempt(end: SenderEnd, count: number): void {
    if (this.#slots.tryAcquire(count)) {
      end.answerAttempt(count)
      return
    }
    const asked = this.#slots.waiting > 0 ? new Set<SenderEnd>() : this.#recallOthers(end)
    if (asked.size === 0) {
      end.answerAttempt(0)
      return
    }
    this.#attempts.push({ end, count, asked })
    this.#timer ??= setTimeout(() => this.#giveUp(), recallTime)
  }

  /** An answer to a recall has come; its slots are free by now. */
  answered(end: SenderEnd): void {
    for (const attempt of [...this.#attempts]) {
      attempt.asked.delete(end)
      if (this.#slots.tryAcquire(attempt.count)) this.#settle(attempt, attempt.count)
      else if (attempt.asked.size === 0) this.#settle(attempt, 0)
    }
  }

  gone(end: SenderEnd): void {
    for (const attempt of [...this.#attempts]) if (attempt.end === end) this.#remove(attempt)
    this.answered(end)
  }

  stop(): void {
    clearTimeout(this.#starvedTimer)
    this.#starvedTimer = undefined
    for (const attempt of [...this.#attempts]) this.#settle(attempt, 0)
  }

  #anyHeld(): boolean {
    for (const end of this.#senders) if (end.awaited === 0 && end.held > 0) return true
    return false
  }

  #recallOthers(end: SenderEnd | undefined): Set<SenderEnd> {
    const asked = new Set<SenderEnd>()
    for (const other of this.#senders) {
      if (other === end || other.held === 0 || other.awaited > 0) continue
      other.recall()
      asked.add(other)
    }
    return asked
  }

  #giveUp(): void {
    this.#timer = undefined
    for (const attempt of [...this.#attempts]) this.#settle(attempt, 0)
  }

  #settle(attempt: Attempt, granted: number): void {
    this.#remove(attempt)
    attempt.end.answerAttempt(granted)
  }

  #remove(attempt: Attempt): void {
    const index = this.#attempts.indexOf(attempt)
    if (index >= 0) this.#attempts.splice(index, 1)
    if (this.#attempts.length === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
  }
}
