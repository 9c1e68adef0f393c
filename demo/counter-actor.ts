import { actor, ChannelClosed, type Receiver, type Sender } from '@klaw/core'
import { FileCounter } from './file-counter.ts'
import type { CounterMessage } from './messages.ts'

/** How many names a counter takes at once: many, since small files take less time than a message; few, so that the others get theirs. */
const handful = 32

/**
 * One of the pool: takes names of files from one channel and sends what it has counted through another.
 *
 * All counters hold clones of the same receiver. Each name goes to exactly one of them, whichever asks first, so a counter that
 * meets a large file simply takes fewer.
 */
export const Counter = actor(
  import.meta,
  class Counter {
    readonly #index: number
    readonly #stop = new AbortController()

    constructor(index: number) {
      this.#index = index
    }

    /** Works until there are no more names, or until it is stopped. Closes the ends that it was given. */
    async run(names: Receiver<string>, results: Sender<CounterMessage>): Promise<void> {
      const counter = this.#index
      const work = new FileCounter()
      for (let paths = await this.#next(names); paths.length > 0; paths = await this.#next(names)) {
        for (const path of paths) {
          const outcome = await work.count(path, this.#stop.signal)
          if (outcome !== undefined) await results.send({ kind: 'file', counter, outcome })
          if (work.isFull) await results.send({ kind: 'words', counter, counts: work.takeCounts() })
          if (this.#stop.signal.aborted) break
        }
      }
      await results.send({ kind: 'words', counter, counts: work.takeCounts() })
      // When the last counter has closed its sender, the reducer's loop ends. When the last receiver is closed, so does the lister's.
      await results.close()
      await names.close()
    }

    /** Asks for an early end. What has been counted until then still reaches the reducer. */
    async stop(): Promise<void> {
      this.#stop.abort()
    }

    /** The next names; none when there will be no more. */
    async #next(names: Receiver<string>): Promise<string[]> {
      const { signal } = this.#stop
      try {
        return await names.recvBatch({ max: handful, signal })
      } catch (error) {
        if (error instanceof ChannelClosed || signal.aborted) return []
        throw error
      }
    }
  },
)
