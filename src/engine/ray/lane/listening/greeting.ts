import { helloLength, startsLikeAnswer } from '../hello.ts'
import type { Lane, LaneListener } from '../lane.ts'
import type { AcceptedConnections } from './accepted-connections.ts'

/** Somebody on a lane who has not said hello yet. */
export class Greeting {
  readonly #lane: Lane
  readonly #connections: AcceptedConnections
  readonly #over: () => void
  readonly #timer: NodeJS.Timeout
  #bytes: Uint8Array = new Uint8Array(0)
  #done = false

  /**
   * @param patience milliseconds for the hello
   * @param over called once, when it is known who that is, or that it is nobody
   */
  constructor(lane: Lane, connections: AcceptedConnections, patience: number, over: () => void) {
    this.#lane = lane
    this.#connections = connections
    this.#over = over
    this.#timer = setTimeout(() => this.#refuse('late', 'a caller did not say its hello in time'), patience)
    this.#timer.unref()
    lane.start({
      data: (bytes) => this.#came(bytes),
      drained: () => {},
      closed: () => this.#gone(),
    })
  }

  /** Ends the lane without a word. */
  drop(): void {
    if (this.#done) return
    this.#leave()
    this.#lane.destroy()
  }

  #came(bytes: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
    if (this.#done) return
    if (!startsLikeAnswer(this.#bytes)) {
      this.#refuse('garbage', 'a caller spoke something else than klaw')
      return
    }
    if (this.#bytes.length < helloLength) return
    const hello = this.#bytes.subarray(0, helloLength)
    this.#bytes = this.#bytes.subarray(helloLength)
    this.#leave()
    this.#connections.greet(hello, this.#lane, (listener) => this.#adopt(listener))
  }

  #adopt(listener: LaneListener): void {
    this.#lane.start(listener)
    // Not from here: the connection is still being made.
    if (this.#bytes.length > 0) queueMicrotask(() => listener.data(this.#bytes))
  }

  #gone(): void {
    if (this.#done) return
    if (this.#bytes.length > 0) {
      this.#connections.complaints.complain('truncated', 'a caller was gone before it had said its hello')
    }
    this.#leave()
  }

  #refuse(kind: string, message: string): void {
    this.#connections.complaints.complain(kind, message)
    this.drop()
  }

  #leave(): void {
    this.#done = true
    clearTimeout(this.#timer)
    this.#over()
  }
}
