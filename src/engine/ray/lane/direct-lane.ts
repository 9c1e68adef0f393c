import { type ConnectOpts, connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { RayError } from '../../../errors.ts'
import type { Lane, LaneFactory, LaneListener } from './lane.ts'
import { SocketReader } from './socket-reader.ts'

/** Where an agent listens. */
export interface DirectAddress {
  readonly host: string
  readonly port: number
  /** Certificates and names to check, when the port speaks TLS. */
  readonly tls?: ConnectionOptions | undefined
}

/** Bytes that may wait in this process for the socket. */
const mostBuffered = 1024 * 1024
/** Milliseconds of idleness after which the system asks whether the other host is still there. */
const keepAliveDelay = 15_000
/** When a lane ends, the last bytes are on their way for as long as some of them leave within so many milliseconds. */
const lingering = 3_000

/** Lanes of a TCP connection each, with TLS if the address says so. */
export function directLanes(address: DirectAddress): LaneFactory {
  return { kind: 'direct', open: (signal) => openDirectLane(address, signal) }
}

function openDirectLane(address: DirectAddress, signal: AbortSignal): Promise<Lane> {
  const { host, port, tls } = address
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const reader = new SocketReader()
    const target = { host, port, onread: reader.options }
    const secure: ConnectionOptions & ConnectOpts = { ...tls, ...target }
    const socket = tls === undefined ? connectTcp(target) : connectTls(secure)
    const connected = tls === undefined ? 'connect' : 'secureConnect'
    const settle = () => {
      signal.removeEventListener('abort', abort)
      socket.off('error', failed)
      socket.off(connected, open)
    }
    const fail = (error: unknown) => {
      settle()
      socket.on('error', ignore)
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(signal.reason)
    const failed = (error: Error) =>
      fail(new RayError(`the agent at ${host}:${port} can not be reached: ${describe(error)}`, { cause: error }))
    const open = () => {
      settle()
      resolve(new DirectLane(socket, reader))
    }
    signal.addEventListener('abort', abort)
    socket.on('error', failed)
    socket.on(connected, open)
  })
}

/** A connected socket. */
class DirectLane implements Lane {
  readonly #socket: Socket
  readonly #reader: SocketReader
  #listener: LaneListener | undefined
  #reason: Error | undefined
  #full = false

  constructor(socket: Socket, reader: SocketReader) {
    this.#socket = socket
    this.#reader = reader
    socket.unref()
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveDelay)
    socket.on('error', (error) => {
      this.#reason = new RayError(`the connection to the agent broke: ${describe(error)}`, { cause: error })
    })
    // An agent that has nothing more to say is gone: a connection that is open on one side only is of no use.
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

  end(): void {
    this.start(silent)
    const socket = this.#socket
    if (socket.destroyed) return
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
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join(', ')
  return error.message
}
