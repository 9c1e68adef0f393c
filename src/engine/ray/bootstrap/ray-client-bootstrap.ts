import { Code, ConnectError } from '@connectrpc/connect'
import { RayError } from '../../../errors.ts'
import { AgentActor } from './agent-actor.ts'
import { startGuest } from './agent-guest.ts'
import type {
  AgentAddress,
  AgentPlace,
  AgentSettings,
  Bootstrap,
  ClusterVersions,
  SessionRuntimeEnv,
  Upload,
} from './bootstrap.ts'
import { type CredentialOptions, type Environment, findCredentials } from './credentials.ts'
import { before, seconds } from './deadline.ts'
import { LogStream, type LogStreamOptions } from './log-stream.ts'
import { Session, type SessionTimeouts } from './session.ts'

export interface RayClientOptions extends CredentialOptions {
  readonly host: string
  /** Of Ray's client server: 10001, unless the cluster was started otherwise. */
  readonly port: number
  /** Of the session's job. */
  readonly namespace: string
  /**
   * Makes the `runtime_env` of the session's job, and uploads what belongs to it, while there is no session yet. The cluster sets it up before the session,
   * whose process runs in it, so that `timeouts.session` must allow for it.
   */
  readonly runtimeEnv?: ((upload: Upload) => Promise<SessionRuntimeEnv>) | undefined
  readonly timeouts?: Partial<RayClientTimeouts> | undefined
  /** Where Ray's variables are looked up: `process.env`, unless a test says otherwise. */
  readonly environment?: Environment | undefined
  /** Who wants what the processes of the session's job write. */
  readonly logs?: LogStreamOptions | undefined
}

export interface RayClientTimeouts extends SessionTimeouts {
  /** Milliseconds until the agent runs. */
  readonly agent: number
  /** Milliseconds for an upload. */
  readonly upload: number
}

const defaults: RayClientTimeouts = {
  connect: 15_000,
  session: 60_000,
  agent: 120_000,
  upload: 120_000,
  grace: 30_000,
  close: 5_000,
}

/** Bytes that the cluster's store takes for one file. Ray's own limit. */
const largestUpload = 512 * 1024 * 1024
/** Seconds for which an uploaded file stays without anything that uses it. Ray's own default. */
const uploadExpires = 600

/** Reaches a cluster through its client port, the one behind `ray://`, as Ray's own Python client does. */
export class RayClientBootstrap implements Bootstrap {
  readonly #session: Session
  readonly #timeouts: RayClientTimeouts
  #actor: Promise<AgentActor> | undefined
  #hasGuest = false
  #logs: LogStream | undefined

  private constructor(session: Session, timeouts: RayClientTimeouts) {
    this.#session = session
    this.#timeouts = timeouts
  }

  /** @throws {RayError} that says what is wrong, within the deadline that concerns it */
  static async connect(options: RayClientOptions): Promise<RayClientBootstrap> {
    const environment = options.environment ?? process.env
    const credentials = await findCredentials(options, environment)
    const timeouts = { ...defaults, ...graceFrom(environment), ...options.timeouts }
    const { host, port, namespace, runtimeEnv } = options
    let prepared: Promise<SessionRuntimeEnv> | undefined
    const prepareRuntimeEnv = (session: Session) => {
      prepared ??= runtimeEnv?.((uri, contents) => new RayClientBootstrap(session, timeouts).upload(uri, contents))
      return prepared ?? Promise.resolve(undefined)
    }
    const collectsLogs = options.logs !== undefined
    const target = { host, port, namespace, prepareRuntimeEnv, credentials, timeouts, collectsLogs }
    const bootstrap = new RayClientBootstrap(await Session.open(target), timeouts)
    if (options.logs !== undefined) bootstrap.#follow(new LogStream(options.logs))
    return bootstrap
  }

  get versions(): ClusterVersions {
    return this.#session.versions
  }

  async startAgent(settings: AgentSettings, place: AgentPlace): Promise<AgentAddress> {
    const late = () => new RayError(`the agent did not start within ${seconds(this.#timeouts.agent)}`)
    return before(
      this.#timeouts.agent,
      place === 'actor' ? this.#startActor(settings) : this.#startGuest(settings),
      late,
    )
  }

  async #startActor(settings: AgentSettings): Promise<AgentAddress> {
    if (this.#actor !== undefined) throw new RayError('the session has its agent already')
    this.#actor = AgentActor.create(this.#session, settings)
    return (await this.#actor).start()
  }

  async #startGuest(settings: AgentSettings): Promise<AgentAddress> {
    if (this.#hasGuest) throw new RayError('the session has its agent already')
    this.#hasGuest = true
    return startGuest(this.#session, settings)
  }

  async exchange(number: number, bytes: Uint8Array, wait: boolean): Promise<Uint8Array> {
    if (this.#actor === undefined) throw new RayError('the session has no agent that is an actor')
    return (await this.#actor).exchange(number, bytes, wait)
  }

  /** Makes a file available to the cluster under a URI, as Ray's own `working_dir` upload does; a no-op when it is there. */
  async upload(uri: string, contents: Uint8Array): Promise<void> {
    if (contents.length >= largestUpload) {
      throw new RayError(`${uri} has ${contents.length} bytes: the cluster takes less than ${largestUpload}`)
    }
    const { upload } = this.#timeouts
    const key = new TextEncoder().encode(uri)
    await this.#pin(uri, upload)
    const { exists } = await this.#session.call('KVExists', upload, ({ driver }, options) =>
      driver.kVExists({ key }, options),
    )
    if (exists) return
    const entry = { key, value: contents, overwrite: true }
    await this.#session.call('KVPut', upload, ({ driver }, options) => driver.kVPut(entry, options))
  }

  /** Before the file is looked for, so that it does not go away in between. Ray removes what nothing has used for a while. */
  #pin(uri: string, timeout: number): Promise<unknown> {
    const pin = { uri, expirationS: uploadExpires }
    return this.#session.call('PinRuntimeEnvURI', timeout, async ({ driver }, options) => {
      try {
        return await driver.pinRuntimeEnvURI(pin, options)
      } catch (error) {
        // A client server that was started without a proxy does not know it.
        if (error instanceof ConnectError && error.code === Code.Unimplemented) return undefined
        throw error
      }
    })
  }

  onAgentEnded(listener: (error: Error) => void): void {
    const ended = async () => {
      if (this.#actor === undefined) return
      await (await this.#actor).stay()
      throw new RayError('the agent has ended')
    }
    ended().catch(listener)
  }

  onLost(listener: (error: Error) => void): void {
    this.#session.onLost(listener)
  }

  #follow(logs: LogStream): void {
    this.#logs = logs
    this.#session.onLost((error) => logs.lose(error))
    this.#session.onConnection((connection) => void logs.follow(connection))
  }

  close(): Promise<void> {
    this.#logs?.close()
    return this.#session.close()
  }
}

/** Ray's own variable, in seconds. */
function graceFrom(environment: Environment): Partial<RayClientTimeouts> {
  const given = environment.RAY_CLIENT_RECONNECT_GRACE_PERIOD
  if (given === undefined) return {}
  if (!/^\d{1,6}$/.test(given)) {
    throw new RayError(`RAY_CLIENT_RECONNECT_GRACE_PERIOD is ${JSON.stringify(given)}, not a number of seconds`)
  }
  return { grace: Number(given) * 1000 }
}
