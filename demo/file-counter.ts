import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { setImmediate as pause } from 'node:timers/promises'
import type { FileOutcome } from './messages.ts'
import { reasonOf } from './unreadable.ts'
import { addCount, WordCounter, type WordCounts } from './words.ts'

const chunkBytes = 1024 * 1024
/** A file is text if it has no NUL byte in its first 8 KB: the rule of git and grep. */
const probeBytes = 8 * 1024
const fullAt = 50_000

/** Reads files, counts their words and hashes their contents: the work itself, which knows nothing of channels or threads. */
export class FileCounter {
  readonly #chunk = Buffer.allocUnsafe(chunkBytes)
  #counts: WordCounts = new Map()

  /**
   * Counts one file. It reads synchronously, since whoever calls it has a thread to itself, and pauses after each
   * megabyte of a larger file. Returns undefined when the signal has aborted by then: such a file counts for nothing.
   */
  async count(path: string, signal: AbortSignal): Promise<FileOutcome | undefined> {
    let file: number | undefined
    try {
      file = openSync(path, 'r')
      return await this.#read(file, signal)
    } catch (error) {
      return { kind: 'unreadable', path, reason: reasonOf(error) }
    } finally {
      if (file !== undefined) closeSync(file)
    }
  }

  /** Whether there are so many counts of words that it is time to take them. */
  get isFull(): boolean {
    return this.#counts.size >= fullAt
  }

  /** Takes the counts of words since the last time, in lower case. */
  takeCounts(): WordCounts {
    const counts: WordCounts = new Map()
    // Once for each different word rather than for each word.
    for (const [word, count] of this.#counts) addCount(counts, word.toLowerCase(), count)
    this.#counts = new Map()
    return counts
  }

  async #read(file: number, signal: AbortSignal): Promise<FileOutcome | undefined> {
    let part = this.#fill(file)
    if (part.subarray(0, probeBytes).includes(0)) return { kind: 'not text' }
    // What does not fit in one chunk may fail or be given up half-way, so its words stay apart until all of it was read.
    const isWhole = part.length < chunkBytes
    const counts: WordCounts = isWhole ? this.#counts : new Map()
    const words = new WordCounter(counts)
    const decoder = new StringDecoder('utf8')
    const hash = createHash('sha256')
    let bytes = 0
    while (part.length > 0) {
      bytes += part.length
      hash.update(part)
      words.add(decoder.write(part))
      if (isWhole) break
      await pause()
      if (signal.aborted) return undefined
      part = this.#fill(file)
    }
    words.add(decoder.end())
    if (!isWhole) for (const [word, count] of counts) addCount(this.#counts, word, count)
    return { kind: 'text', bytes, words: words.end(), digest: hash.digest('hex') }
  }

  /** Reads until the chunk is full or the file has ended. */
  #fill(file: number): Buffer {
    let filled = 0
    while (filled < chunkBytes) {
      const read = readSync(file, this.#chunk, filled, chunkBytes - filled, null)
      if (read === 0) break
      filled += read
    }
    return this.#chunk.subarray(0, filled)
  }
}
