import { ByteWriter } from '../../codec/byte-writer.ts'

/** Buffers below this many bytes cost too little to be kept. */
const smallest = 1024 * 1024
/** Bytes that are kept at most. */
const mostKept = 256 * 1024 * 1024
/** Milliseconds for which memory that nobody uses is kept. */
const keptFor = 1_000

/**
 * Memory in which large values have been encoded, for the next ones. The system gives fresh memory page by page, as it is written to, which takes several
 * times as long as the copy itself.
 */
export class SpareMemory {
  readonly #spare: ArrayBuffer[] = []
  #kept = 0
  #timer: NodeJS.Timeout | undefined

  /** A writer over spare memory. Whoever takes it says what became of it: {@link untouched}, {@link giveBack}, or nothing, and it is collected. */
  writer(): ByteWriter | undefined {
    const buffer = this.#spare.pop()
    if (buffer === undefined) return undefined
    this.#kept -= buffer.byteLength
    const writer = new ByteWriter(0)
    writer.bytes = new Uint8Array(buffer)
    writer.view = new DataView(buffer)
    return writer
  }

  /** These bytes are not needed any more, nor is anything else of their buffer. */
  giveBack(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#keep(bytes.buffer)) return
    if (this.#timer !== undefined) this.#timer.refresh()
    else {
      this.#timer = setTimeout(() => this.clear(), keptFor)
      this.#timer.unref()
    }
  }

  /** What {@link writer} gave was not needed: that does not count as a use. */
  untouched(writer: ByteWriter): void {
    this.#keep(writer.bytes.buffer)
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#spare.length = 0
    this.#kept = 0
  }

  #keep(buffer: ArrayBuffer): boolean {
    const size = buffer.byteLength
    if (size < smallest || this.#kept + size > mostKept) return false
    this.#spare.push(buffer)
    this.#kept += size
    return true
  }
}
