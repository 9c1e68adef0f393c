import { once } from 'node:events'
import { type MessagePort, Worker } from 'node:worker_threads'
import type { Received } from './items.mjs'

/** A worker thread of the postMessage benchmarks. */
export class PostMessageWorker {
  readonly #worker = new Worker(new URL('./post-message-worker.mjs', import.meta.url))

  post(message: unknown, transfer: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, transfer as never)
  }

  /** What it received, once that is `count` items. */
  async received(count: number): Promise<Received> {
    this.post({ receive: count })
    const [sequence] = (await once(this.#worker, 'message')) as [Received]
    return sequence
  }

  /** Calls `take` with everything that it sends back from now on. */
  mirror(take: (message: unknown) => void): void {
    this.post({ mirror: true })
    this.#worker.on('message', take)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
