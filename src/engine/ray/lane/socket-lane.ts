import type { Socket } from 'node:net'
import { RayError } from '../../../errors.ts'
import type { Lane, LaneListener } from './lane.ts'

/** Bytes that may wait in this process for the socket. */
const mostBuffered = 1024 * 1024
/** Milliseconds of idleness after which the system asks whether the other host is still there. */
const keepAliveDelay = 15_000
/** When a lane ends, the last bytes are on their way for as long as some of them leave within so many milliseconds. */
const lingering = 3_000

/** What brings the bytes of a socket to whoever listens. */
export interface LaneReader {
  /** Replaces the listener; the first one hears what has come already. */
  start(listener: LaneListener): void
}

/** A connected socket. */
export class SocketLane implements Lane {
  readonly #socket: Socket
  readonly #reader: LaneReader
  #listener: LaneListener | undefined
  #reason: Error | undefined
  #full = false

  /** @param peer what errors call the other side */
  constructor(socket: Socket, reader: LaneReader, peer: string) {
    this.#socket = socket
    this.#reader = reader
    socket.unref()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveDelay)
    socket.on('error', (error) => {
      this.#reason = new RayError(`the connection to ${peer} broke: ${describeSocketError(error)}`, { cause: error })
    })
    // A peer that has nothing more to say is gone: a connection that is open on one side only is of no use.
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#listener?.closed(this.#reason))
  }

  get writable(): boolean {
    if (this.#socket.writableLength < mostBuffered) return true
    this.#full = true
    return false
  }

  start(listener: LaneListener): void {
    const first = this.#listener === undefined
    this.#listener = listener
    this.#reader.start(listener)
    if (!first) return
    this.#socket.on('drain', () => {
      if (!this.#full) return
      this.#full = false
      this.#listener?.drained()
    })
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  hold(held: boolean): void {
    if (held) this.#socket.pause()
    else this.#socket.resume()
  }

  end(): void {
    this.start(silent)
    const socket = this.#socket
    if (socket.destroyed) return
    socket.resume()
    // A host that does not take the last bytes must not keep this process.
    let left = Number.POSITIVE_INFINITY
    const watch = setInterval(() => {
      if (socket.writableLength < left) left = socket.writableLength
      else socket.destroy()
    }, lingering)
    watch.unref()
    socket.once('close', () => clearInterval(watch))
    // Not destroyed: what comes is still read, for a socket that is closed with something unread loses what its peer has not got.
    socket.end()
  }

  destroy(): void {
    this.start(silent)
    this.#socket.destroy()
  }
}

const silent: LaneListener = { data: ignore, drained: ignore, closed: ignore }

function ignore(): void {}

/** Several attempts, one for each address of a name, fail with an error that has no message of its own. */
export function describeSocketError(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join(', ')
  return error.message
}
