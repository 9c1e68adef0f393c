import type { DataChannel } from './data-channel.ts'
import { release } from './exchanges.ts'

/** A release is two messages through two processes, as much as a third of a call that carries little. */
const mostKept = 8
/** Bytes of results that may stay in the cluster's memory meanwhile. */
const mostBytes = 8 * 1024 * 1024

/** Results that have been read: the cluster is told of several at a time. The last few go with the session. */
export class SpentResults {
  readonly #channel: DataChannel
  #ids: Uint8Array[] = []
  #bytes = 0

  constructor(channel: DataChannel) {
    this.#channel = channel
  }

  add(id: Uint8Array, size: number): void {
    this.#ids.push(id)
    this.#bytes += size
    if (this.#ids.length < mostKept && this.#bytes < mostBytes) return
    release(this.#channel, this.#ids)
    this.#ids = []
    this.#bytes = 0
  }
}
