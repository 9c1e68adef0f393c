/**
 * What a channel should do, written as plainly as possible: arrays, linear searches, no cleverness. Operations are known by number;
 * `outcomes` says how each that has settled did, as text.
 */
export interface ModelOptions {
  readonly capacity: number
  /** Milliseconds; undefined: items need no acknowledgement. */
  readonly ackTimeout: number | undefined
}

export type CaseSpec =
  | { readonly kind: 'recv'; readonly receiver: number }
  | { readonly kind: 'send'; readonly sender: number; readonly value: number }

interface WaitingSender {
  readonly operation: number
  readonly kind: 'send' | 'batch' | 'reserve' | 'case'
  readonly values: number[]
  need: number
  readonly least: number
  sent: number
  /** Of a `select`. */
  readonly index: number
}

interface WaitingReceiver {
  readonly operation: number
  readonly receiver: number
  /** Of a `select`, else -1. */
  readonly index: number
}

interface Unacknowledged {
  readonly delivery: number
  readonly item: Item
  readonly owner: number
  readonly deadline: number
}

interface Item {
  readonly value: number
  deliveries: number
}

export class MpmcModel {
  readonly outcomes = new Map<number, string>()
  readonly #options: ModelOptions
  #now = 0
  #free: number
  #items: Item[] = []
  #sendLine: WaitingSender[] = []
  #receiveLine: WaitingReceiver[] = []
  readonly #senders = new Set<number>()
  readonly #receivers = new Set<number>()
  #permits = 0
  #unacknowledged: Unacknowledged[] = []
  readonly #deadlines = new Map<number, { due: number; timeout: string }>()

  constructor(options: ModelOptions) {
    this.#options = options
    this.#free = options.capacity
  }

  get state() {
    this.#look()
    return {
      length: this.#items.length,
      senders: this.#senders.size,
      receivers: this.#receivers.size,
      waitingSenders: this.#sendLine.length,
      waitingReceivers: this.#receiveLine.length,
      unacknowledged: this.#unacknowledged.length,
    }
  }

  addSender(sender: number): void {
    this.#senders.add(sender)
  }

  addReceiver(receiver: number): void {
    this.#receivers.add(receiver)
  }

  send(operation: number, sender: number, value: number, timeout?: number): void {
    if (!this.#canSend(sender)) this.outcomes.set(operation, `closed ${value}`)
    else this.#lineUp({ operation, kind: 'send', values: [value], need: 1, least: 1, sent: 0, index: -1 }, timeout)
  }

  batch(operation: number, sender: number, values: number[], timeout?: number): void {
    if (!this.#canSend(sender)) this.outcomes.set(operation, `closed ${values}`)
    else if (values.length === 0) this.outcomes.set(operation, 'ok')
    else {
      const least = values.length > this.#options.capacity ? 1 : values.length
      this.#lineUp({ operation, kind: 'batch', values, need: values.length, least, sent: 0, index: -1 }, timeout)
    }
  }

  reserve(operation: number, sender: number, timeout?: number): void {
    if (!this.#canSend(sender)) this.outcomes.set(operation, 'closed')
    else this.#lineUp({ operation, kind: 'reserve', values: [], need: 1, least: 1, sent: 0, index: -1 }, timeout)
  }

  trySend(sender: number, values: number[]): string {
    if (!this.#canSend(sender)) return `closed ${values}`
    if (values.length === 0) return 'ok'
    if (this.#sendLine.length > 0 || this.#free < values.length) return `full ${values}`
    this.#free -= values.length
    for (const value of values) this.#items.push({ value, deliveries: 0 })
    this.#pump()
    return 'ok'
  }

  recv(operation: number, receiver: number, timeout?: number): void {
    if (this.#receivers.has(receiver)) this.#look()
    if (!this.#receivers.has(receiver)) this.outcomes.set(operation, 'closed')
    else if (this.#items.length > 0) this.outcomes.set(operation, this.#take(operation, receiver))
    else if (this.#isOver()) this.outcomes.set(operation, 'closed')
    else if (timeout === 0) this.outcomes.set(operation, 'timeout')
    else {
      this.#receiveLine.push({ operation, receiver, index: -1 })
      this.#limit(operation, timeout)
    }
    this.#pump()
  }

  tryRecv(operation: number, receiver: number): string {
    if (!this.#receivers.has(receiver)) return 'closed'
    this.#look()
    if (this.#items.length > 0) {
      const outcome = this.#take(operation, receiver)
      this.#pump()
      return outcome
    }
    return this.#isOver() ? 'closed' : 'empty'
  }

  /** The cases that a `select` may take at once; empty: it has to wait, see {@link waitForAny}. */
  readyCases(cases: readonly CaseSpec[]): number[] {
    if (cases.some((spec) => spec.kind === 'recv' && this.#receivers.has(spec.receiver))) this.#look()
    return cases.flatMap((spec, index) => {
      const ready =
        spec.kind === 'recv'
          ? !this.#receivers.has(spec.receiver) || this.#items.length > 0 || this.#isOver()
          : !this.#canSend(spec.sender) || (this.#free > 0 && this.#sendLine.length === 0)
      return ready ? [index] : []
    })
  }

  takeCase(operation: number, cases: readonly CaseSpec[], index: number): void {
    const spec = cases[index] as CaseSpec
    const result =
      spec.kind === 'recv' ? this.tryRecv(operation, spec.receiver) : this.trySend(spec.sender, [spec.value])
    this.outcomes.set(operation, `case ${index} ${result}`)
  }

  /** `order`: that in which the cases get in line, which is left to chance. */
  waitForAny(operation: number, cases: readonly CaseSpec[], order: readonly number[]): void {
    for (const index of order) {
      const spec = cases[index] as CaseSpec
      if (spec.kind === 'recv') this.#receiveLine.push({ operation, receiver: spec.receiver, index })
      else this.#sendLine.push({ operation, kind: 'case', values: [spec.value], need: 1, least: 1, sent: 0, index })
    }
  }

  /** The operation is aborted. Does nothing when it has settled. */
  abort(operation: number): void {
    this.#giveUp(operation, 'aborted')
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const next = this.#nextEvent()
      if (next === undefined || next.due > end) break
      this.#now = next.due
      next.happen()
      this.#pump()
    }
    this.#now = end
  }

  permitSend(value: number): string {
    this.#permits--
    if (this.#receivers.size === 0) return `closed ${value}`
    this.#items.push({ value, deliveries: 0 })
    this.#pump()
    return 'ok'
  }

  permitRelease(): void {
    this.#permits--
    this.#free++
    this.#pump()
  }

  acknowledge(delivery: number): void {
    this.#look()
    const index = this.#unacknowledged.findIndex((entry) => entry.delivery === delivery)
    if (index === -1) return
    this.#unacknowledged.splice(index, 1)
    this.#free++
    this.#pump()
  }

  refuse(delivery: number): void {
    this.#look()
    this.#comeBack((entry) => entry.delivery === delivery)
  }

  closeSender(sender: number): void {
    this.#senders.delete(sender)
    this.#pump()
  }

  closeReceiver(receiver: number): void {
    if (!this.#receivers.delete(receiver)) return
    for (const waiting of this.#receiveLine.filter((waiting) => waiting.receiver === receiver)) {
      // A select that has two cases on this receiver is gone with the first.
      if (this.#receiveLine.includes(waiting)) this.#settleReceiver(waiting, 'closed')
    }
    if (this.#receivers.size === 0) {
      for (const waiting of this.#sendLine) {
        if (this.outcomes.has(waiting.operation)) continue
        const rest = waiting.values.slice(waiting.sent)
        if (waiting.kind === 'case') this.outcomes.set(waiting.operation, `case ${waiting.index} closed ${rest}`)
        else this.outcomes.set(waiting.operation, waiting.kind === 'reserve' ? 'closed' : `closed ${rest}`)
        this.#deadlines.delete(waiting.operation)
      }
      this.#sendLine = []
      this.#items = []
      this.#unacknowledged = []
    }
    this.#look()
    this.#comeBack((entry) => entry.owner === receiver)
    this.#pump()
  }

  #canSend(sender: number): boolean {
    return this.#senders.has(sender) && this.#receivers.size > 0
  }

  #lineUp(waiting: WaitingSender, timeout: number | undefined): void {
    if (timeout === 0) {
      const now = this.#sendLine.length === 0 && this.#free >= waiting.need
      if (!now) {
        this.outcomes.set(waiting.operation, 'timeout')
        return
      }
    }
    this.#sendLine.push(waiting)
    this.#limit(waiting.operation, timeout)
    this.#pump()
  }

  #limit(operation: number, timeout: number | undefined): void {
    if (timeout === undefined || this.outcomes.has(operation)) return
    this.#deadlines.set(operation, { due: this.#now + timeout, timeout: 'timeout' })
  }

  #nextEvent(): { due: number; happen: () => void } | undefined {
    let first: { due: number; happen: () => void } | undefined
    for (const [operation, { due, timeout }] of this.#deadlines) {
      if (first === undefined || due < first.due) first = { due, happen: () => this.#giveUp(operation, timeout) }
    }
    const deadline = this.#unacknowledged[0]?.deadline
    if (deadline !== undefined && this.#receiveLine.length > 0 && (first === undefined || deadline < first.due)) {
      first = { due: deadline, happen: () => this.#look() }
    }
    return first
  }

  #giveUp(operation: number, why: string): void {
    if (this.outcomes.has(operation)) return
    const sending = this.#sendLine.find((waiting) => waiting.operation === operation)
    const partial = sending !== undefined && sending.sent > 0
    this.outcomes.set(operation, partial ? `partial ${sending.sent} ${sending.values.slice(sending.sent)} ${why}` : why)
    this.#leave(operation)
    this.#pump()
  }

  #leave(operation: number): void {
    this.#deadlines.delete(operation)
    this.#sendLine = this.#sendLine.filter((waiting) => waiting.operation !== operation)
    this.#receiveLine = this.#receiveLine.filter((waiting) => waiting.operation !== operation)
  }

  #isOver(): boolean {
    const quiet = this.#permits === 0 && this.#sendLine.length === 0 && this.#unacknowledged.length === 0
    return this.#senders.size === 0 && quiet && this.#items.length === 0
  }

  #take(delivery: number, owner: number): string {
    const item = this.#items.shift() as Item
    const { ackTimeout } = this.#options
    if (ackTimeout === undefined) {
      this.#free++
      return `got ${item.value}`
    }
    item.deliveries++
    this.#unacknowledged.push({ delivery, item, owner, deadline: this.#now + ackTimeout })
    return `got ${item.value} #${item.deliveries}`
  }

  /** What is overdue comes back when somebody looks, or waits. */
  #look(): void {
    this.#comeBack((entry) => entry.deadline <= this.#now)
  }

  #comeBack(which: (entry: Unacknowledged) => boolean): void {
    const back = this.#unacknowledged.filter(which)
    this.#unacknowledged = this.#unacknowledged.filter((entry) => !which(entry))
    this.#items.unshift(...back.map((entry) => entry.item))
    this.#pump()
  }

  #settleReceiver(waiting: WaitingReceiver, outcome: string): void {
    this.outcomes.set(waiting.operation, waiting.index === -1 ? outcome : `case ${waiting.index} ${outcome}`)
    this.#leave(waiting.operation)
  }

  /** Carries on until nothing can move. */
  #pump(): void {
    for (;;) {
      const receiver = this.#receiveLine[0]
      const sender = this.#sendLine[0]
      if (receiver !== undefined && this.#items.length > 0) {
        this.#settleReceiver(receiver, this.#take(receiver.operation, receiver.receiver))
      } else if (sender !== undefined && this.#free >= sender.least) {
        this.#grant(sender)
      } else if (receiver !== undefined && this.#isOver()) {
        this.#settleReceiver(receiver, 'closed')
      } else return
    }
  }

  #grant(sender: WaitingSender): void {
    const count = Math.min(sender.need, this.#free)
    this.#free -= count
    sender.need -= count
    for (let index = 0; index < count; index++) {
      if (sender.kind === 'reserve') this.#permits++
      else this.#items.push({ value: sender.values[sender.sent++] as number, deliveries: 0 })
    }
    if (sender.need > 0) return
    this.outcomes.set(sender.operation, sender.kind === 'case' ? `case ${sender.index} ok` : 'ok')
    this.#leave(sender.operation)
  }
}
