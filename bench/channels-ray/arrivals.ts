import { numberOf, senderOf } from './items.ts'

/** What one receiver got so far. Two of them can be subtracted and added up. */
export interface Arrived {
  readonly count: number
  /** Of the items' numbers. */
  readonly sum: number
  /** Items that did not follow the one before them of the same sender; with several receivers, those that came after a later one. */
  readonly disordered: number
  /** Items of another size. */
  readonly misshapen: number
  /** When the last one came: nanoseconds of the clock that all processes of the machine share. */
  readonly at: number
}

/** Milliseconds without an item after which what has come is reported. */
const quietTime = 3

/** Nanoseconds, the same for all processes of this machine. */
export function clock(): number {
  return Number(process.hrtime.bigint())
}

/** Counts and checks what arrives, and reports whenever nothing more comes for a moment. */
export class Arrivals {
  readonly #size: number
  readonly #alone: boolean
  readonly #report: (arrived: Arrived) => void
  readonly #last = new Map<number, number>()
  readonly #timer: NodeJS.Timeout
  #count = 0
  #sum = 0
  #disordered = 0
  #misshapen = 0
  #at = 0
  #stamping = false
  #seen = 0
  #reported = 0

  /** @param alone every item of a sender comes here, or else only some of them */
  constructor(size: number, alone: boolean, report: (arrived: Arrived) => void) {
    this.#size = size
    this.#alone = alone
    this.#report = report
    this.#timer = setInterval(() => this.#look(), quietTime)
  }

  add(item: Uint8Array): void {
    const sender = senderOf(item)
    const number = numberOf(item)
    const last = this.#last.get(sender) ?? -1
    if (this.#alone ? number !== last + 1 : number <= last) this.#disordered++
    if (item.byteLength !== this.#size) this.#misshapen++
    this.#last.set(sender, number)
    this.#count++
    this.#sum += number
    if (this.#stamping) return
    // Once for all items of a tick: to ask the clock costs as much as to count.
    this.#stamping = true
    setImmediate(() => {
      this.#stamping = false
      this.#at = clock()
    })
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const count = this.#count
    const quiet = count === this.#seen && !this.#stamping
    this.#seen = count
    if (!quiet || count === this.#reported) return
    this.#reported = count
    this.#report({
      count,
      sum: this.#sum,
      disordered: this.#disordered,
      misshapen: this.#misshapen,
      at: this.#at,
    })
  }
}
