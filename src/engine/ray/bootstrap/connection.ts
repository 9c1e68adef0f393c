import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { RayError } from '../../../errors.ts'
import type { Credentials } from './credentials.ts'
import { seconds } from './deadline.ts'
import {
  ClusterInfoType_TypeEnum,
  RayletDataStreamer,
  RayletDriver,
  RayletLogStreamer,
} from './generated/ray_client_pb.ts'
import { HttpSession } from './http-session.ts'
import { authorityOf, type Endpoint } from './open-socket.ts'

/** Bytes. Ray cuts what is larger than 5 MiB into messages of that size. */
const largestMessage = 64 * 1024 * 1024

/** Status codes that Ray's server uses for good: a session that has got one of them is not resumed. */
const finalCodes: ReadonlySet<Code> = new Set([
  Code.ResourceExhausted,
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.Aborted,
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.Unimplemented,
])

export interface Target {
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  /** Names the session on every call. */
  readonly clientId: string
}

/** One connection to Ray's client server, whose other side has answered as such. */
export class Connection {
  readonly driver: Client<typeof RayletDriver>
  readonly streamer: Client<typeof RayletDataStreamer>
  readonly logs: Client<typeof RayletLogStreamer>
  readonly headers: Readonly<Record<string, string>>
  readonly #http: HttpSession

  private constructor(target: Target, http: HttpSession) {
    const transport = createGrpcTransport({
      baseUrl: http.authority,
      sessionManager: http,
      // Ray does not compress, and an answer is too small to be worth it.
      acceptCompression: [],
      readMaxBytes: largestMessage,
    })
    const token = target.credentials.authToken
    this.headers = { client_id: target.clientId, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    this.driver = createClient(RayletDriver, transport)
    this.streamer = createClient(RayletDataStreamer, transport)
    this.logs = createClient(RayletLogStreamer, transport)
    this.#http = http
  }

  /**
   * @param timeout milliseconds until Ray must have answered
   * @throws {RayError} that says what is wrong
   */
  static async open(target: Target, timeout: number): Promise<Connection> {
    const deadline = Date.now() + timeout
    const endpoint: Endpoint = { host: target.host, port: target.port, tls: target.credentials.tls }
    const http = await HttpSession.open(endpoint, timeout)
    const connection = new Connection(target, http)
    try {
      const timeoutMs = Math.max(1, deadline - Date.now())
      const ping = { type: ClusterInfoType_TypeEnum.PING }
      await connection.driver.clusterInfo(ping, { headers: connection.headers, timeoutMs })
      return connection
    } catch (error) {
      // Before it is closed here, which would be the reason for everything else.
      const { ended } = http
      connection.close()
      throw explainPing(error, target, ended, timeout)
    }
  }

  /** Whether a session whose stream broke with `error` may go on with another connection. */
  canResumeAfter(error: unknown): boolean {
    if (this.#http.ended !== undefined || !(error instanceof ConnectError)) return true
    // With a cause it is ours (a socket that was reset, say), and not the server's word.
    return error.cause !== undefined || !finalCodes.has(error.code)
  }

  /** For calls without a deadline: aborts when nothing more can come on the connection. */
  get over(): AbortSignal {
    return this.#http.over
  }

  get isOver(): boolean {
    return this.#http.ended !== undefined
  }

  close(): void {
    this.#http.close()
  }
}

/** What the server said, without the name of the code that connect puts before it. */
export function wordsOf(error: unknown): string {
  if (error instanceof ConnectError) return error.rawMessage === '' ? Code[error.code] : error.rawMessage
  return error instanceof Error ? error.message : String(error)
}

function explainPing(error: unknown, target: Target, ended: Error | undefined, timeout: number): RayError {
  const where = authorityOf({ ...target, tls: undefined })
  const code = error instanceof ConnectError ? error.code : undefined
  if (code === Code.Unauthenticated) {
    const reason =
      target.credentials.authToken === undefined
        ? 'it demands a token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN (or RAY_AUTH_TOKEN_PATH, or ~/.ray/auth_token)'
        : 'it refuses the authentication token'
    return new RayError(`cannot connect to the cluster at ${where}: ${reason} (${wordsOf(error)})`, { cause: error })
  }
  if (code === Code.DeadlineExceeded) {
    return new RayError(`what listens at ${where} did not answer within ${seconds(timeout)}`, { cause: error })
  }
  const tls = target.credentials.tls
  if (ended !== undefined && tls !== undefined) {
    // With TLS 1.3 the server's verdict on our certificate comes after the handshake.
    const reason = `${where} ended the connection after the handshake; perhaps it refuses our certificate (${ended.message})`
    return new RayError(reason, { cause: error })
  }
  return new RayError(`what listens at ${where} is no Ray client server: ${wordsOf(error)}`, { cause: error })
}
