import type { Socket } from 'node:net'
import type { LaneListener } from '../lane.ts'
import type { LaneReader } from '../socket-lane.ts'

/** Reads a socket that somebody else has opened, whose memory is therefore the stream's. */
export class EventReader implements LaneReader {
  readonly #socket: Socket
  #listener: LaneListener | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  start(listener: LaneListener): void {
    const first = this.#listener === undefined
    this.#listener = listener
    if (first) this.#socket.on('data', (bytes: Buffer) => this.#listener?.data(bytes))
  }
}
