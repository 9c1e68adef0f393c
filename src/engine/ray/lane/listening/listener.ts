import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { SocketLane } from '../socket-lane.ts'
import type { AcceptedConnections } from './accepted-connections.ts'
import { EventReader } from './event-reader.ts'
import { Greeting } from './greeting.ts'

/** Milliseconds within which a caller must have said its hello, TLS included. */
const patience = 5_000
/** Callers that have not said their hello yet; more are closed at once. */
const mostUnknown = 64

export interface ListenerOptions {
  /** The address to listen on; no other one is. */
  readonly host: string
  /** Gets whoever says a hello. */
  readonly connections: AcceptedConnections
  /** Certificates; undefined for plaintext. */
  readonly tls?: TlsOptions | undefined
  /** Milliseconds for a hello. Default 5,000. */
  readonly patience?: number | undefined
  /** Default 64. */
  readonly mostUnknown?: number | undefined
}

/** A port on which callers come. Nobody gets further than the hello without the token. Does not keep the process alive. */
export class Listener {
  readonly #server: Server
  readonly #options: ListenerOptions
  /** Raw sockets of those that have not said their hello yet, and how to be rid of them. */
  readonly #unknown = new Map<Socket, () => void>()

  /** Listens on a free port. Rejects with what the system says when it can not. */
  static start(options: ListenerOptions): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const listener = new Listener(options)
      listener.#server.once('error', reject)
      listener.#server.listen(0, options.host, () => {
        listener.#server.off('error', reject)
        listener.#server.on('error', (error) => {
          options.connections.complaints.complain('resources', `no connection can be accepted: ${error.message}`)
        })
        listener.#server.unref()
        resolve(listener)
      })
    })
  }

  private constructor(options: ListenerOptions) {
    this.#options = options
    const { tls } = options
    if (tls === undefined) {
      this.#server = createServer((socket) => this.#accept(socket) && this.#greet(socket, socket))
      return
    }
    const server = createTlsServer({ ...tls, handshakeTimeout: options.patience ?? patience })
    this.#server = server
    const raw = new Map<string, Socket>()
    server.on('connection', (socket: Socket) => {
      if (!this.#accept(socket)) return
      const peer = peerOf(socket)
      raw.set(peer, socket)
      socket.once('close', () => raw.delete(peer))
    })
    server.on('secureConnection', (socket) => this.#greet(socket, raw.get(peerOf(socket)) ?? socket))
    server.on('tlsClientError', (error, socket) => {
      options.connections.complaints.complain('tls', `a caller did not get through TLS: ${error.message}`)
      socket.destroy()
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Callers that have not said their hello yet. */
  get unknown(): number {
    return this.#unknown.size
  }

  /** Stops listening. Callers that have said their hello stay. */
  close(): void {
    this.#server.close()
    for (const drop of [...this.#unknown.values()]) drop()
  }

  /** Whether there is room for one more that nobody knows; closes it otherwise. */
  #accept(socket: Socket): boolean {
    // Until its lane listens, nobody is interested in how it ends.
    socket.on('error', () => {})
    const most = this.#options.mostUnknown ?? mostUnknown
    if (this.#unknown.size >= most) {
      const message = `more than ${most} callers have not said their hello: one was closed`
      this.#options.connections.complaints.complain('many', message)
      socket.destroy()
      return false
    }
    this.#unknown.set(socket, () => socket.destroy())
    socket.once('close', () => this.#unknown.delete(socket))
    return true
  }

  /** `raw` is what the bytes of `socket` travel on. */
  #greet(socket: Socket, raw: Socket): void {
    const lane = new SocketLane(socket, new EventReader(socket), 'the caller')
    const limit = this.#options.patience ?? patience
    const greeting = new Greeting(lane, this.#options.connections, limit, () => this.#unknown.delete(raw))
    this.#unknown.set(raw, () => greeting.drop())
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
