import type { MessageInitShape } from '@bufbuild/protobuf'
import type { DataRequestSchema } from './generated/ray_client_pb.ts'

export type DataRequestInit = MessageInitShape<typeof DataRequestSchema>

/** The requests of one stream, in order. A request may be many messages, which are made when it is their turn. */
export class RequestQueue implements AsyncIterable<DataRequestInit> {
  #waiting: Iterable<DataRequestInit>[] = []
  #ended = false
  #wake: (() => void) | undefined

  push(messages: Iterable<DataRequestInit>): void {
    this.#waiting.push(messages)
    this.#wake?.()
  }

  /** What was pushed is still sent. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DataRequestInit> {
    for (;;) {
      const batch = this.#waiting
      this.#waiting = []
      for (const messages of batch) yield* messages
      if (this.#waiting.length > 0) continue
      if (this.#ended) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
