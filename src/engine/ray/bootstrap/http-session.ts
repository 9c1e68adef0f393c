import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { RayError } from '../../../errors.ts'
import { seconds } from './deadline.ts'
import { authorityOf, type Endpoint, openSocket } from './open-socket.ts'

/** A connection that is silent is asked for a sign of life after this time (milliseconds), as Ray's own client does. */
const pingInterval = 30_000
/** And is given up if none comes. Ray waits ten minutes; for us it is cheap to be wrong, since the session is resumed. */
const pingTimeout = 30_000
/** Bytes that may be under way to us before we have read them. The default of 64 KB is slow over distances. */
const windowSize = 8 * 1024 * 1024

/**
 * One HTTP/2 connection, for one life: it is never reopened. Keeps no process alive. It is the session manager of the gRPC transport,
 * because only so the socket, its certificates and its errors are ours.
 */
export class HttpSession {
  readonly authority: string
  readonly #session: ClientHttp2Session
  #closed: Error | undefined
  #heard = Date.now()
  readonly #pings: NodeJS.Timeout
  readonly #over = new AbortController()

  private constructor(endpoint: Endpoint, session: ClientHttp2Session) {
    this.authority = `${endpoint.tls === undefined ? 'http' : 'https'}://${authorityOf(endpoint)}`
    this.#session = session
    session.on('error', (error) => this.#end(error))
    session.on('goaway', (code) => this.#end(new Error(`the server says good-bye (GOAWAY, code ${code})`)))
    session.on('close', () => {
      this.#end(new Error('the connection was closed'))
      this.#over.abort(this.#closed)
    })
    this.#pings = setInterval(() => this.#ping(), pingInterval)
    this.#pings.unref()
  }

  /** @throws {RayError} when there is no HTTP/2 server there within `timeout` milliseconds */
  static async open(endpoint: Endpoint, timeout: number): Promise<HttpSession> {
    const deadline = Date.now() + timeout
    const socket = await openSocket(endpoint, timeout)
    const scheme = endpoint.tls === undefined ? 'http' : 'https'
    const session = connect(`${scheme}://${authorityOf(endpoint)}`, {
      createConnection: () => socket,
      settings: { initialWindowSize: windowSize, enablePush: false },
    })
    session.unref()
    // With TLS 1.3 a server refuses a certificate after the handshake; Node's session does not notice the alert by itself.
    socket.once('error', (error) => {
      session.destroy(error)
      socket.destroy()
    })
    const opened = new HttpSession(endpoint, session)
    try {
      await settled(endpoint, opened, session, deadline - Date.now(), timeout)
    } catch (error) {
      opened.close()
      throw error
    }
    session.setLocalWindowSize(2 * windowSize)
    return opened
  }

  /** Why the connection is over; undefined while it is open. */
  get ended(): Error | undefined {
    return this.#closed
  }

  /**
   * Aborts when nothing more can come on the connection. Calls without a deadline have to listen to it: a stream that ends before its
   * headers have come, and without a reason for it, settles nothing.
   */
  get over(): AbortSignal {
    return this.#over.signal
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Omit<ClientSessionRequestOptions, 'signal'>,
  ): Promise<ClientHttp2Stream> {
    if (this.#closed !== undefined) throw this.#closed
    return this.#session.request({ ...headers, ':method': method, ':path': path }, options)
  }

  notifyResponseByteRead(): void {
    this.#heard = Date.now()
  }

  close(): void {
    this.#end(new Error('the connection was closed'))
    this.#session.destroy()
  }

  #end(error: Error): void {
    this.#closed ??= error
    clearInterval(this.#pings)
  }

  #ping(): void {
    if (Date.now() - this.#heard < pingInterval || this.#session.destroyed) return
    const timer = setTimeout(() => {
      this.#session.destroy(new Error(`the server has not answered for ${seconds(pingInterval + pingTimeout)}`))
    }, pingTimeout)
    timer.unref()
    this.#session.ping((error) => {
      clearTimeout(timer)
      // An error here means that the session ends, which it says itself.
      if (error === null) this.#heard = Date.now()
    })
  }
}

/** Waits for the server's SETTINGS: whatever else listens on a port does not send them. */
function settled(
  endpoint: Endpoint,
  opened: HttpSession,
  session: ClientHttp2Session,
  left: number,
  timeout: number,
): Promise<void> {
  const where = authorityOf(endpoint)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(
          new RayError(`what listens at ${where} is no Ray client server: it said nothing within ${seconds(timeout)}`),
        )
      },
      Math.max(0, left),
    )
    timer.unref()
    session.once('remoteSettings', () => {
      clearTimeout(timer)
      resolve()
    })
    session.once('close', () => {
      clearTimeout(timer)
      const cause = opened.ended
      const why = cause?.message ?? 'closed'
      const message =
        endpoint.tls === undefined
          ? `what listens at ${where} is no Ray client server: it does not speak gRPC; perhaps the port speaks TLS (RAY_USE_TLS) (${why})`
          : `${where} ended the connection after the TLS handshake; perhaps it refuses our certificate (${why})`
      reject(new RayError(message, { cause }))
    })
  })
}
