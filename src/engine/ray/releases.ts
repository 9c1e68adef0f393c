import type { ByteWriter } from '../../codec/byte-writer.ts'
import type { Connection } from '../../wire/connection.ts'
import { writeRelease } from '../../wire/gateway-frames.ts'
import type { Batch } from '../../wire/outbox.ts'
import type { Share } from './share.ts'

/** Gives counts back to the agent, those of one tick together, behind everything that was written before. */
export class Releases implements Batch {
  readonly #connection: Connection
  #counts = new Map<number, number>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Gives back what the share counts, which is nothing afterwards. */
  add(share: Share): void {
    const { number, counts } = share
    share.counts = 0
    if (counts === 0 || this.#connection.lost !== undefined) return
    if (this.#counts.size === 0) this.#connection.addBatch(this)
    this.#counts.set(number, (this.#counts.get(number) ?? 0) + counts)
    // Nothing is written yet, but something is to leave at the end of the tick.
    this.#connection.wrote()
  }

  flushInto(out: ByteWriter): void {
    const counts = this.#counts
    this.#counts = new Map()
    writeRelease(out, counts)
  }
}
