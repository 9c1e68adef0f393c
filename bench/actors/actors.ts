import { actor } from '@klaw/core'

export const Echo = actor(
  import.meta,
  class Echo {
    echo(n: number): number {
      return n
    }
  },
)

export const Adder = actor(
  import.meta,
  class Adder {
    #total = 0

    add(n: number): number {
      this.#total += n
      return this.#total
    }
  },
)
