import type { CallOptions, Client } from '@connectrpc/connect'
import type { DataResponse, RayletDataStreamer } from './generated/ray_client_pb.ts'
import type { ProcessHold } from './process-hold.ts'
import { type DataRequestInit, RequestQueue } from './request-queue.ts'

/** Ray's own client acknowledges as seldom. The server keeps answers until then, for a client that comes back. */
const acknowledgeEvery = 32
const largestId = 2 ** 31 - 1

/** One request under way. */
export interface Exchange {
  /** The messages of the request, made anew each time it is sent: a stream that is resumed may need fewer. */
  messages(id: number): Iterable<DataRequestInit>
  /** Takes an answer; true when it was the last one. What it throws ends the exchange with that error. */
  take(response: DataResponse): boolean
  /** The exchange ends without an answer. */
  fail(error: Error): void
  /** Whether the process stays alive for it. Default true. */
  readonly holds?: boolean
}

/**
 * The requests of a session and their answers, over as many streams as it takes, one after the other. Requests whose last answer has not
 * come are sent again on the next stream; the server knows by the number what it has done already.
 */
export class DataChannel {
  readonly #underWay = new Map<number, Exchange>()
  readonly #hold: ProcessHold
  #queue: RequestQueue | undefined
  #lastId = 0
  #answered = 0
  #refusal: Error | undefined
  #cleanedUp: (() => void) | undefined

  constructor(hold: ProcessHold) {
    this.#hold = hold
  }

  start(exchange: Exchange): void {
    if (this.#refusal !== undefined) {
      exchange.fail(this.#refusal)
      return
    }
    const id = this.#nextId()
    this.#underWay.set(id, exchange)
    if (exchange.holds !== false) this.#hold.take()
    this.#queue?.push(exchange.messages(id))
  }

  /**
   * Serves one stream until it ends. Rejects with the stream's error.
   *
   * @param heard called for each answer
   */
  async serve(streamer: Client<typeof RayletDataStreamer>, options: CallOptions, heard: () => void): Promise<void> {
    const queue = new RequestQueue()
    for (const [id, exchange] of this.#underWay) queue.push(exchange.messages(id))
    this.#queue = queue
    try {
      for await (const response of streamer.datapath(queue, options)) {
        heard()
        this.#receive(response)
      }
    } finally {
      queue.end()
      if (this.#queue === queue) this.#queue = undefined
      this.#cleanedUp?.()
    }
  }

  /** Ends what is under way, and refuses what comes. */
  refuse(error: Error): void {
    this.#refusal ??= error
    const exchanges = [...this.#underWay.values()]
    for (const id of [...this.#underWay.keys()]) this.#forget(id)
    for (const exchange of exchanges) exchange.fail(error)
  }

  /** Tells the server that nobody will come back. Resolves when it has heard that, or the stream is over. */
  async cleanUp(): Promise<void> {
    const queue = this.#queue
    if (queue === undefined) return
    const heard = new Promise<void>((resolve) => {
      this.#cleanedUp = resolve
    })
    queue.push([{ type: { case: 'connectionCleanup', value: {} } }])
    queue.end()
    await heard
  }

  #receive(response: DataResponse): void {
    if (response.type.case === 'connectionCleanup') this.#cleanedUp?.()
    const exchange = this.#underWay.get(response.reqId)
    // Answers that come twice, after a stream was resumed, and those to requests that have been given up.
    if (exchange === undefined) return
    try {
      if (!exchange.take(response)) return
    } catch (error) {
      exchange.fail(error as Error)
    }
    this.#forget(response.reqId)
    this.#answered += 1
    if (this.#answered % acknowledgeEvery !== 0) return
    this.#queue?.push([{ type: { case: 'acknowledge', value: { reqId: response.reqId } } }])
  }

  #forget(id: number): void {
    const exchange = this.#underWay.get(id)
    if (exchange === undefined) return
    this.#underWay.delete(id)
    if (exchange.holds !== false) this.#hold.release()
  }

  /** Numbers start again at 1; 0 is for requests that nobody waits for. */
  #nextId(): number {
    do this.#lastId = this.#lastId >= largestId ? 1 : this.#lastId + 1
    while (this.#underWay.has(this.#lastId))
    return this.#lastId
  }
}
