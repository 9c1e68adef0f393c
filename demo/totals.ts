import { createHash } from 'node:crypto'
import type { FileOutcome } from './messages.ts'
import type { Unreadable } from './unreadable.ts'
import { addCount, type WordCounts } from './words.ts'

/** Short words say little about a text. All are counted; the list of the most frequent leaves them out. */
export const shortestListed = 5

/** The sums over many files, whoever has counted them and in whatever order. */
export class Totals {
  files = 0
  bytes = 0
  words = 0
  notText = 0
  readonly unreadable: Unreadable[] = []
  readonly counts: WordCounts = new Map()
  readonly #digests: string[] = []

  /** Files that have been dealt with, whatever came of them. */
  get handled(): number {
    return this.files + this.notText + this.#unreadableFiles
  }
  #unreadableFiles = 0

  addFile(outcome: FileOutcome): void {
    switch (outcome.kind) {
      case 'text':
        this.files += 1
        this.bytes += outcome.bytes
        this.words += outcome.words
        this.#digests.push(outcome.digest)
        break
      case 'not text':
        this.notText += 1
        break
      case 'unreadable':
        this.#unreadableFiles += 1
        this.unreadable.push({ path: outcome.path, reason: outcome.reason })
        break
    }
  }

  addWords(counts: WordCounts): void {
    for (const [word, count] of counts) addCount(this.counts, word, count)
  }

  /**
   * One digest of all contents, whatever the order in which they came: the SHA-256 of the files' own, sorted, one a line. That is
   * what `sha256sum FILE… | cut -c -64 | LC_ALL=C sort | sha256sum` says.
   */
  digest(): string {
    const hash = createHash('sha256')
    for (const digest of this.#digests.sort()) hash.update(`${digest}\n`)
    return hash.digest('hex')
  }

  /** The most frequent words of at least {@link shortestListed} letters. */
  topWords(count: number): [word: string, times: number][] {
    const listed = [...this.counts].filter(([word]) => word.length >= shortestListed)
    return listed.sort(([a, timesA], [b, timesB]) => timesB - timesA || (a < b ? -1 : 1)).slice(0, count)
  }
}
