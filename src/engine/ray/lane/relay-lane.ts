import { RayError } from '../../../errors.ts'
import type { Connection, FrameSink } from '../../../wire/connection.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType } from '../../../wire/frame.ts'
import type { Lane, LaneFactory, LaneListener } from './lane.ts'

/** Bytes of a frame between which frames of others go. */
const largestPiece = 256 * 1024

/** The session's connection to its agent, as far as lanes through it need it. */
export interface RelaySession {
  readonly connection: Connection
  /** False while enough is under way to the agent. */
  readonly writable: boolean
  /** Calls back once, later, when it is writable again, or lost. */
  onWritable(listener: () => void): void
}

/** Lanes that lead through the session's agent to another process of the cluster, for where that can not be reached from here. */
export function relayLanes(session: RelaySession, address: { host: string; port: number; tls: boolean }): LaneFactory {
  const { connection } = session
  return {
    kind: 'relay',
    async open(signal) {
      signal.throwIfAborted()
      const lane = new RelayLane(session, connection.nextStream())
      try {
        await connection.request('relay.open', { stream: lane.stream, ...address }, { signal, keepAlive: false })
      } catch (error) {
        lane.destroy()
        signal.throwIfAborted()
        const { message } = error as Error
        throw new RayError(`the agent can not reach ${address.host}:${address.port}: ${message}`, { cause: error })
      }
      return lane
    },
  }
}

/** A TCP connection of the agent's, whose bytes travel in frames of the session. */
class RelayLane implements Lane, FrameSink {
  readonly stream: number
  readonly #session: RelaySession
  #listener: LaneListener | undefined
  /** What came before anybody listened. */
  #early: Uint8Array[] = []
  #closed = false
  #waits = false

  constructor(session: RelaySession, stream: number) {
    this.stream = stream
    this.#session = session
    session.connection.addStream(stream, this)
  }

  get writable(): boolean {
    if (this.#session.writable) return true
    if (!this.#waits) {
      this.#waits = true
      this.#session.onWritable(() => {
        this.#waits = false
        this.#listener?.drained()
      })
    }
    return false
  }

  start(listener: LaneListener): void {
    this.#listener = listener
    const early = this.#early
    this.#early = []
    for (const bytes of early) listener.data(bytes)
  }

  write(bytes: Uint8Array): void {
    if (this.#closed) return
    for (let from = 0; from < bytes.byteLength; from += largestPiece) {
      this.#frame(0, bytes.subarray(from, from + largestPiece))
    }
  }

  end(): void {
    this.destroy()
  }

  destroy(): void {
    if (!this.#leave()) return
    if (this.#session.connection.lost === undefined) this.#frame(FrameFlag.error, empty)
  }

  frame(frame: FrameReader): void {
    const bytes = frame.bytes.subarray(frame.position, frame.end)
    const isLast = (frame.flags & FrameFlag.error) !== 0
    if (bytes.byteLength > 0) {
      if (this.#listener === undefined) this.#early.push(bytes)
      else this.#listener.data(bytes)
    }
    if (isLast) this.#lost(new RayError('the agent has lost its connection to the other process'))
  }

  connectionLost(error: Error): void {
    this.#lost(error)
  }

  #lost(reason: Error): void {
    const listener = this.#listener
    if (this.#leave()) listener?.closed(reason)
  }

  /** False if that has been done. */
  #leave(): boolean {
    if (this.#closed) return false
    this.#closed = true
    this.#listener = undefined
    this.#early = []
    this.#session.connection.removeStream(this.stream)
    return true
  }

  #frame(flags: number, bytes: Uint8Array): void {
    const { connection } = this.#session
    const { out } = connection
    const start = beginFrame(out, FrameType.relay, flags, this.stream)
    out.writeBytes(bytes)
    endFrame(out, start)
    connection.wrote()
  }
}

const empty = new Uint8Array(0)
