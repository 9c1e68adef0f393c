import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Code, ConnectError } from '@connectrpc/connect'
import { RayError, RuntimeClosedError } from '../../../errors.ts'
import type { ClusterVersions, SessionRuntimeEnv } from './bootstrap.ts'
import { Connection, type Target, wordsOf } from './connection.ts'
import type { Credentials } from './credentials.ts'
import { DataChannel } from './data-channel.ts'
import { before, seconds } from './deadline.ts'
import { ask } from './exchanges.ts'
import { jobConfig } from './job-config.ts'
import { authorityOf } from './open-socket.ts'
import { ProcessHold } from './process-hold.ts'
import { checkRayVersion } from './versions.ts'

/** All in milliseconds. */
export interface SessionTimeouts {
  /** Until the cluster has answered for the first time. */
  readonly connect: number
  /** Until it has set the session up: it starts a Python process for each, and a job's `runtime_env` comes before that. */
  readonly session: number
  /** How long a session whose connection broke may stay without one, on both sides; 0 ends it at once. */
  readonly grace: number
  /** Until the cluster has heard that we leave. */
  readonly close: number
}

export interface SessionOptions {
  readonly host: string
  readonly port: number
  readonly credentials: Credentials
  readonly namespace: string
  /** Of the job, made when the cluster has answered and before the session is set up, by means of {@link Session.call}. */
  readonly prepareRuntimeEnv: (session: Session) => Promise<SessionRuntimeEnv>
  readonly timeouts: SessionTimeouts
  /** Whether the session's process is to collect what the job's workers write, for {@link LogStream}. */
  readonly collectsLogs?: boolean | undefined
}

/** Milliseconds for one attempt to come back, and between two. */
const attemptTimeout = 5_000
const longestPause = 1_000

const duringSetUp = 'while it was being set up'

/** How often a session is asked for whose process did not start. */
const attempts = 5

/**
 * A client's session with Ray's client server: a Ray job of its own, which outlives the connections that serve it. It ends when it is
 * closed, or lost: when the cluster ends it, or when it can not be reached for the grace period.
 */
export class Session {
  readonly channel: DataChannel
  readonly clientId: string
  readonly #options: SessionOptions
  readonly #outsider = makeId()
  readonly #hold = new ProcessHold()
  readonly #target: Target
  readonly #closing = new AbortController()
  #connection: Connection
  #versions: ClusterVersions | undefined
  #lost: Error | undefined
  #probing = false
  #onLost: ((error: Error) => void)[] = []
  #onConnection: ((connection: Connection) => void)[] = []
  #closed: Promise<void> | undefined
  #served: Promise<void> | undefined

  private constructor(options: SessionOptions, target: Target, connection: Connection) {
    this.#options = options
    this.#target = target
    this.clientId = target.clientId
    this.#connection = connection
    this.channel = new DataChannel(this.#hold)
    // Each call listens to it, and any number may be under way.
    setMaxListeners(0, this.#closing.signal)
  }

  /** @throws {RayError} that says what went wrong; nothing is left open then */
  static async open(options: SessionOptions): Promise<Session> {
    const deadline = Date.now() + options.timeouts.connect + options.timeouts.session
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await Session.#tryOpen(options)
      } catch (error) {
        if (!isPassing(error) || attempt === attempts || Date.now() >= deadline) throw error
      }
    }
  }

  static async #tryOpen(options: SessionOptions): Promise<Session> {
    const { host, port, credentials, timeouts } = options
    const target: Target = { host, port, credentials, clientId: makeId() }
    const connection = await new ProcessHold().during(() => Connection.open(target, timeouts.connect))
    const session = new Session(options, target, connection)
    try {
      await session.#start()
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }

  get versions(): ClusterVersions {
    return this.#versions as ClusterVersions
  }

  /**
   * One call to the cluster outside of the session. A connection that breaks meanwhile does not matter: the call is made again, so that
   * it must do no harm twice.
   *
   * @param timeout milliseconds
   */
  async call<T>(
    name: string,
    timeout: number,
    make: (
      connection: Connection,
      options: { headers: Readonly<Record<string, string>>; signal: AbortSignal; timeoutMs: number },
    ) => Promise<T>,
  ): Promise<T> {
    const deadline = Date.now() + timeout
    return this.#hold.during(async () => {
      for (;;) {
        const connection = this.#connection
        try {
          if (this.#lost !== undefined) throw this.#lost
          if (this.#closing.signal.aborted) throw new RuntimeClosedError('the session with the cluster has been closed')
          // Ray's proxy serves who has no session by itself, which is all that we need, and knows more calls than a session's process.
          const headers = { ...connection.headers, client_id: this.#outsider }
          const timeoutMs = Math.max(1, deadline - Date.now())
          return await make(connection, { headers, signal: this.#closing.signal, timeoutMs })
        } catch (error) {
          if (error === this.#lost || error instanceof RuntimeClosedError) throw error
          if (this.#closing.signal.aborted) continue
          // Before there is a session, nobody looks for another connection.
          if (!connection.isOver || this.#served === undefined || Date.now() >= deadline) {
            throw new RayError(`the cluster could not serve ${name}: ${wordsOf(error)}`, { cause: error })
          }
          await this.#pause(100)
        }
      }
    })
  }

  /** Calls back with the session's connection, now, and with each that replaces it. */
  onConnection(listener: (connection: Connection) => void): void {
    this.#onConnection.push(listener)
    listener(this.#connection)
  }

  onLost(listener: (error: Error) => void): void {
    if (this.#lost !== undefined) queueMicrotask(() => listener(this.#lost as Error))
    else this.#onLost.push(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #start(): Promise<void> {
    const { namespace, prepareRuntimeEnv, timeouts } = this.#options
    const runtimeEnv = await prepareRuntimeEnv(this)
    const where = authorityOf({ ...this.#options, tls: undefined })
    const init = ask(
      this.channel,
      {
        case: 'init',
        value: {
          jobConfig: jobConfig(namespace, runtimeEnv),
          rayInitKwargs: JSON.stringify({ log_to_driver: this.#options.collectsLogs === true }),
          // Whole seconds; zero means never, which a short period does not.
          reconnectGracePeriod: Math.ceil(timeouts.grace / 1000),
        },
      },
      'init',
    )
    const info = ask(this.channel, { case: 'connectionInfo', value: {} }, 'connectionInfo')
    // Whichever fails first has said why.
    info.catch(() => {})
    this.#served = this.#serve()
    const late = () =>
      new RayError(`the cluster at ${where} did not set up a session within ${seconds(timeouts.session)}`)
    const started = init.then(async ({ ok, msg }) => {
      if (!ok) throw new RayError(`the cluster at ${where} refuses the session: ${msg.trim()}`)
      return info
    })
    const { rayVersion, pythonVersion } = await before(timeouts.session, started, late)
    checkRayVersion(rayVersion)
    this.#versions = { ray: rayVersion, python: pythonVersion }
  }

  /** Serves the stream, over as many connections as it takes. Never rejects. */
  async #serve(): Promise<void> {
    let resumed = false
    /** When the session was last known to be well. */
    let well = Date.now()
    while (!this.#closing.signal.aborted) {
      try {
        const { streamer, over: signal } = this.#connection
        const headers = { ...this.#connection.headers, reconnecting: resumed ? 'True' : 'False' }
        if (resumed) this.#probe()
        await this.channel.serve(streamer, { headers, signal }, () => {
          well = Date.now()
        })
        if (!this.#closing.signal.aborted) this.#lose(new RayError('the cluster has ended the session'))
        return
      } catch (error) {
        if (this.#closing.signal.aborted) return
        const canResume = this.#versions !== undefined && this.#options.timeouts.grace > 0
        if (!canResume || !this.#connection.canResumeAfter(error)) {
          const moment = this.#versions === undefined ? duringSetUp : 'for good'
          this.#lose(new RayError(`the session with the cluster broke ${moment}: ${wordsOf(error)}`, { cause: error }))
          return
        }
        // Before anything has been resumed, it was well until now.
        if (!resumed) well = Date.now()
        resumed = true
        if (!(await this.#reconnect(well + this.#options.timeouts.grace, error))) return
      }
    }
  }

  /** A session that was resumed is asked for something, so that it is known to be well again. */
  #probe(): void {
    if (this.#probing) return
    this.#probing = true
    const done = () => {
      this.#probing = false
    }
    // It fails with the session only, which is told elsewhere.
    ask(this.channel, { case: 'connectionInfo', value: {} }, 'connectionInfo').then(done, done)
  }

  /** False when the session is over. */
  async #reconnect(deadline: number, broken: unknown): Promise<boolean> {
    this.#connection.close()
    let cause = broken
    for (let pause = 50; !this.#closing.signal.aborted; pause = Math.min(2 * pause, longestPause)) {
      const left = deadline - Date.now()
      if (left <= 0) {
        const grace = seconds(this.#options.timeouts.grace)
        this.#lose(
          new RayError(`the session with the cluster was lost: no way back within ${grace} (${wordsOf(cause)})`, {
            cause,
          }),
        )
        return false
      }
      await this.#pause(Math.min(pause, left))
      if (this.#closing.signal.aborted) return false
      try {
        const connection = await Connection.open(this.#target, Math.min(attemptTimeout, Math.max(1, left)))
        if (this.#closing.signal.aborted) {
          connection.close()
          return false
        }
        this.#connection = connection
        for (const listener of this.#onConnection) listener(connection)
        return true
      } catch (error) {
        cause = error
      }
    }
    return false
  }

  #lose(error: Error): void {
    this.#lost = error
    this.#connection.close()
    this.channel.refuse(error)
    const listeners = this.#onLost
    this.#onLost = []
    for (const listener of listeners) listener(error)
  }

  async #close(): Promise<void> {
    this.#onLost = []
    const over = this.#lost !== undefined || this.#connection.isOver
    this.#closing.abort()
    this.channel.refuse(new RuntimeClosedError('the session with the cluster has been closed'))
    // If nobody hears it, the cluster ends the session after the grace period.
    const { close } = this.#options.timeouts
    await this.#hold.during(async () => {
      if (!over) await before(close, this.channel.cleanUp(), () => new Error('late')).catch(() => {})
      this.#connection.close()
      await this.#served
    })
  }

  /** Keeps nothing alive, and ends at once when the session is closed. */
  async #pause(milliseconds: number): Promise<void> {
    const options = { ref: false, signal: this.#closing.signal }
    // It only rejects because of the signal, which everyone who pauses looks at afterwards.
    await sleep(milliseconds, undefined, options).catch(() => {})
  }
}

/**
 * Whether a session may come about at the next attempt. Ray's proxy picks the port of a session's process, on 127.0.0.1, about a second
 * before that binds it. Another head on the same machine may take it meanwhile: then the process ends, or the proxy reaches the other
 * head's, which may demand another token, or TLS, or serves somebody else already. The next session gets another port.
 */
function isPassing(error: unknown): boolean {
  if (!(error instanceof RayError)) return false
  if (
    /Starting Ray client server failed|Proxy failed to Connect to backend|called ray\.init twice|psutil\.\w*Process:/.test(
      error.message,
    )
  )
    return true
  // The proxy itself has taken our token: it was asked first.
  return (
    error.message.includes(duringSetUp) &&
    error.cause instanceof ConnectError &&
    error.cause.code === Code.Unauthenticated
  )
}

function makeId(): string {
  return randomBytes(16).toString('hex')
}
