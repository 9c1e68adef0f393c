import { actor, type Receiver, type Sender } from '@klaw/core'
import { type Item, type Kind, makeItem, type Received, Sequence } from './items.mjs'

export const Producer = actor(
  import.meta,
  class Producer {
    readonly #tx: Sender<Item>

    constructor(tx: Sender<Item>) {
      this.#tx = tx
    }

    async send(kind: Kind, count: number): Promise<void> {
      for (let n = 0; n < count; n++) await this.#tx.send(makeItem(kind, n))
    }
  },
)

export const Consumer = actor(
  import.meta,
  class Consumer {
    readonly #rx: Receiver<Item>

    constructor(rx: Receiver<Item>) {
      this.#rx = rx
    }

    async receive(count: number): Promise<Received> {
      const sequence = new Sequence()
      while (sequence.count < count) sequence.add(await this.#rx.recv())
      return { count: sequence.count, wrong: sequence.wrong }
    }
  },
)

export const Mirror = actor(
  import.meta,
  class Mirror {
    async reflect(rx: Receiver<Item>, tx: Sender<Item>): Promise<void> {
      for await (const item of rx) await tx.send(item)
      await tx.close()
    }
  },
)
