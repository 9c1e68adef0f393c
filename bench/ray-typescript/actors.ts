import { actor } from '@klaw/core'

/** What Python has as `bench_counter.Counter`. */
export const Counter = actor(
  import.meta,
  class Counter {
    #total = 0

    add(amount: number): number {
      this.#total += amount
      return this.#total
    }

    /** Of the actor's Node process, and of the worker of Ray's that it belongs to. */
    processes(): readonly number[] {
      return [process.pid, process.ppid]
    }
  },
)
