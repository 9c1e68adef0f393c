/** How often each word occurs. */
export type WordCounts = Map<string, number>

export function addCount(counts: WordCounts, word: string, count: number): void {
  counts.set(word, (counts.get(word) ?? 0) + count)
}

/** A word is a run of letters. Longer ones are cut, so that a file that is one long word needs no more memory than others. */
const word = /[\p{L}\p{M}]{1,64}/gu

/** Counts the words of a text that may come in parts: a word across the border of two parts is one word. */
export class WordCounter {
  readonly #counts: WordCounts
  #total = 0
  /** The last word of the part before, which may go on in the next one. */
  #tail = ''

  constructor(counts: WordCounts) {
    this.#counts = counts
  }

  add(part: string): void {
    const text = this.#tail + part
    const words = text.match(word) ?? []
    const last = words.at(-1)
    this.#tail = last !== undefined && text.endsWith(last) ? words.pop()! : ''
    for (const found of words) this.#count(found)
  }

  /** Returns how many words there were. */
  end(): number {
    if (this.#tail !== '') this.#count(this.#tail)
    this.#tail = ''
    return this.#total
  }

  #count(found: string): void {
    this.#total += 1
    const before = this.#counts.get(found)
    // A word that was cut from a text keeps the whole text in memory; a copy of its own does not.
    if (before === undefined) this.#counts.set(Buffer.from(found).toString(), 1)
    else this.#counts.set(found, before + 1)
  }
}
