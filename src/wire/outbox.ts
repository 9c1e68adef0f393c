import { ByteWriter } from '../codec/byte-writer.ts'
import type { Attachment, Transport } from './transport.ts'

/** Something that holds back what it has to send until the connection flushes. */
export interface Batch {
  /** Writes what is held back as frames. */
  flushInto(out: ByteWriter): void
}

/** A batch that has grown to this many bytes leaves at once. */
const flushBytes = 128 * 1024
/** A buffer up to this size is kept for the next batch. */
export const keptBytes = 4 * flushBytes
/** A chunk from this size on leaves in the memory that it was written in; a copy of a smaller one is cheaper than memory of that size. */
const largeChunk = flushBytes / 4
/** A batch never waits for more items than this. */
const largestWindow = 1024
/** Flushes at the start of a burst that do not widen the window: short bursts leave item by item. */
const narrowFlushes = 4
/** Milliseconds without a flush after which a burst starts anew. */
const lull = 10
/** Milliseconds after which the next item is flushed at once, so that a computing thread does not sit on what it sent. */
const longestHold = 1

/**
 * What a connection has written and not posted yet.
 *
 * Whatever is written in one tick is posted together. A thread that never returns to its event loop flushes by count, size and time.
 */
export class Outbox {
  readonly out = new ByteWriter()
  readonly #transport: Transport
  readonly #patient: boolean
  #batches: Batch[] = []
  #scheduled = false
  #pending = 0
  #window = 1
  #flushes = 0
  #lastFlush = 0
  #closed = false

  /** A `patient` one belongs to a thread that always returns to its event loop soon: it posts once a tick. */
  constructor(transport: Transport, patient: boolean) {
    this.#transport = transport
    this.#patient = patient
  }

  /** Has `batch` asked for its frames at the next flush. */
  add(batch: Batch): void {
    this.#batches.push(batch)
  }

  /** Writes what is held back, so that what is written next goes after it. */
  collect(): void {
    if (this.#batches.length === 0) return
    const batches = this.#batches
    this.#batches = []
    for (const batch of batches) batch.flushInto(this.out)
  }

  /** Takes note that an item was written or batched; decides when it leaves. `bytes` counts what is batched outside `out`. */
  wrote(bytes: number): void {
    this.#schedule()
    const pending = ++this.#pending
    if (bytes >= flushBytes || this.out.position >= flushBytes) this.flush()
    else if (this.#patient) return
    else if (pending >= this.#window) this.flush()
    else this.#checkTime(pending)
  }

  /** Posts everything that was written so far. */
  flush(): void {
    this.collect()
    if (this.out.position === 0) return
    this.post(undefined)
  }

  /** The end of the tick. */
  flushTick(): void {
    this.#scheduled = false
    this.flush()
  }

  /** Posts what stands in `out` as one chunk, which carries the attachments. */
  post(attachments: readonly Attachment[] | undefined): void {
    const chunk = this.#takeChunk()
    this.#pending = 0
    const now = performance.now()
    if (now - this.#lastFlush > lull) {
      this.#window = 1
      this.#flushes = 0
    } else if (++this.#flushes > narrowFlushes && this.#window < largestWindow) {
      this.#window *= 4
    }
    this.#lastFlush = now
    if (!this.#closed) this.#transport.post(chunk, attachments)
  }

  /** Nobody takes anything any more: what is written from now on is dropped. */
  close(): void {
    this.#closed = true
  }

  #takeChunk(): Uint8Array<ArrayBuffer> {
    const out = this.out
    if (out.position >= largeChunk && this.#transport.memory !== undefined)
      return out.handOver(this.#transport.memory())
    const chunk = out.bytes.slice(0, out.position)
    out.reset(keptBytes)
    return chunk
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(flushAfterMicrotasks, this)
  }

  /** Looks at the clock now and then. */
  #checkTime(pending: number): void {
    if (pending >= 8 && (pending & 7) !== 0) return
    if (performance.now() - this.#lastFlush > longestHold) this.flush()
  }
}

/** What a tick wakes, runs in microtasks, which come after this callback and before the next: it is to go along. */
function flushAfterMicrotasks(outbox: Outbox): void {
  process.nextTick(flushOutbox, outbox)
}

function flushOutbox(outbox: Outbox): void {
  outbox.flushTick()
}
