import { expect } from 'vitest'

/** What has become of all items of a test. Each is a number of its own. */
interface Verdict {
  /** Items that the channel had accepted, as far as their producers knew. */
  readonly sent: number
  /** Different items that somebody has got. */
  readonly received: number
  /** Deliveries that said of themselves that they were not the first. */
  readonly redelivered: number
  /** Deliveries of an item that somebody had got already, which did not say so. */
  readonly duplicated: number
  /** Items that were accepted and that nobody has got. */
  readonly lost: number
  /** Items that somebody has got after a later one of the same producer. */
  readonly disordered: number
}

/** Numbers of one producer's items lie between two multiples of this. */
const most = 1_000_000

/** The item of that number of a producer's, both from 0. */
export function item(producer: number, number: number): number {
  return producer * most + number
}

/** Counts every item: who had it accepted, and who got it. */
export class Tally {
  readonly #sent = new Set<number>()
  readonly #received = new Set<number>()
  readonly #twice: number[] = []
  readonly #last = new Map<string, number>()
  readonly #disordered: number[] = []
  #redelivered = 0

  sent(...items: readonly number[]): void {
    for (const each of items) this.#sent.add(each)
  }

  /**
   * Somebody has got an item.
   *
   * @param by the same for everything that one receiver gets, in order
   * @param delivery 1 for the first one
   */
  received(each: number, by: string, delivery = 1): void {
    if (delivery > 1) this.#redelivered++
    else if (this.#received.has(each)) this.#twice.push(each)
    this.#received.add(each)
    if (delivery > 1) return
    const line = `${by} ${Math.floor(each / most)}`
    if (each < (this.#last.get(line) ?? -1)) this.#disordered.push(each)
    this.#last.set(line, each)
  }

  get count(): number {
    return this.#received.size
  }

  get verdict(): Verdict {
    return {
      sent: this.#sent.size,
      received: this.#received.size,
      redelivered: this.#redelivered,
      duplicated: this.#twice.length,
      lost: this.#lost().length,
      disordered: this.#disordered.length,
    }
  }

  /** Nothing was lost, and nothing came twice. Fails with the whole tally, and which items are concerned. */
  expectEachOnce(more: Partial<Verdict> = {}): void {
    const { verdict } = this
    const some = (items: readonly number[]) => items.slice(0, 10).join(', ')
    const about = `lost: ${some(this.#lost())}; twice: ${some(this.#twice)}; out of order: ${some(this.#disordered)}`
    expect(verdict, `${JSON.stringify(verdict)}; ${about}`).toMatchObject({ duplicated: 0, lost: 0, ...more })
  }

  #lost(): number[] {
    return [...this.#sent].filter((each) => !this.#received.has(each))
  }
}
