import { expectEqual } from './check.ts'

/** What one consumer got of the numbers 0, 1, …: how many, their sum, and whether each was greater than the one before. */
export class Tally {
  count = 0
  sum = 0
  ordered = true
  #last = -1

  add(value: number): void {
    this.count++
    this.sum += value
    if (value <= this.#last) this.ordered = false
    this.#last = value
  }
}

/** Throws unless the consumers together got each of `count` numbers once, and in order if there is one producer. */
export function expectAll(tallies: readonly Tally[], count: number, producers = 1): void {
  let received = 0
  let sum = 0
  for (const tally of tallies) {
    received += tally.count
    sum += tally.sum
    if (producers === 1) expectEqual('the order being right', tally.ordered, true)
  }
  expectEqual('the number of items', received, count)
  expectEqual('the sum of the items', sum, sumBelow(count))
}

/** The sum of 0, 1, …, count - 1. */
export function sumBelow(count: number): number {
  return (count * (count - 1)) / 2
}

/** Shares 0, 1, …, count - 1 out, in runs `[from, to)`. */
export function shares(count: number, parties: number): [from: number, to: number][] {
  const ends = Array.from({ length: parties + 1 }, (_, index) => Math.floor((count * index) / parties))
  return ends.slice(1).map((end, index) => [ends[index] ?? 0, end])
}
