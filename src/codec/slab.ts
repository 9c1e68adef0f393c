import { markAsUntransferable } from 'node:worker_threads'

/** Bytes that small arrays share. What keeps one of them keeps all of it. */
const slabSize = 32 * 1024
/** Longer arrays have memory of their own. */
const largest = 4 * 1024
/** V8 keeps arrays of up to so many bytes among its objects. */
const smallest = 65

const slabs = new WeakSet<ArrayBufferLike>()

/**
 * Memory for small arrays, as Node has it for Buffers: a buffer of its own costs an array of 1 KB about 1.3 µs, garbage
 * collection included, seven times as much as to copy its bytes.
 */
export class Slab {
  #bytes = new Uint8Array(0)
  #used = 0

  /** A copy of some bytes. */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start
    if (length < smallest || length > largest) return bytes.slice(start, end)
    // Length 0: somebody has detached it, in a way that can not be refused.
    if (this.#used + length > this.#bytes.length) this.#renew()
    const copy = this.#bytes.subarray(this.#used, this.#used + length)
    copy.set(bytes.subarray(start, end))
    // Whoever makes a view of another type of it may do so at its start.
    this.#used += (length + 7) & ~7
    return copy
  }

  #renew(): void {
    const buffer = new ArrayBuffer(slabSize)
    slabs.add(buffer)
    // To move it would take the bytes of all others that are in it.
    markAsUntransferable(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#used = 0
  }
}

/** Whether arrays share the buffer that have nothing to do with one another. */
export function isSlab(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === slabSize && slabs.has(buffer)
}
