import { RayError } from '../../../errors.ts'
import { agentLoader, agentLoaderClass } from './agent-loader.ts'
import type { AgentAddress, AgentSettings } from './bootstrap.ts'
import { get, put, release, submit } from './exchanges.ts'
import { ClientTask_RemoteExecType } from './generated/ray_client_pb.ts'
import { unpickle } from './pickle-reader.ts'
import { PyTuple } from './pickle-values.ts'
import { pickle } from './pickle-writer.ts'
import { describeException, errorOf, type PythonException } from './python-error.ts'
import type { Session } from './session.ts'

/** The session's agent, as the Ray actor that it is. It ends with the session's job. */
export class AgentActor {
  readonly #session: Session
  readonly #id: Uint8Array

  private constructor(session: Session, id: Uint8Array) {
    this.#session = session
    this.#id = id
  }

  /** Asks for the actor; whether it ever runs shows in its first call. */
  static async create(session: Session, settings: AgentSettings): Promise<AgentActor> {
    const { sources, runtimeEnv, ...rest } = settings
    const classId = await put(session.channel, pickle(agentLoader(sources)))
    const options = {
      num_cpus: 0,
      // Exchanges that wait for something to say lie here: more than ever are under way at a time.
      max_concurrency: 1000,
      max_restarts: 0,
      ...(runtimeEnv && { runtime_env: runtimeEnv }),
    }
    const given = { namespace: rest.namespace, max_frame: rest.maxFrame }
    try {
      const id = await submit(session.channel, {
        type: ClientTask_RemoteExecType.ACTOR,
        name: agentLoaderClass,
        payloadId: classId,
        clientId: session.clientId,
        options: pickle(options),
        data: pickle(new PyTuple([new PyTuple([new Map(sources), given]), new Map()])),
      })
      return new AgentActor(session, id)
    } finally {
      release(session.channel, [classId])
    }
  }

  /** @throws {RayError} with Python's traceback when the agent did not start */
  async start(): Promise<AgentAddress> {
    const answer = await this.#call('start', [])
    return addressOf(JSON.parse(Buffer.from(answer).toString('utf8')))
  }

  exchange(number: number, bytes: Uint8Array, wait: boolean): Promise<Uint8Array> {
    // The agent may keep the answer for long while nobody waits for it.
    return this.#call('exchange', [number, bytes, wait], false)
  }

  /** Rejects when the agent's process has ended, with what Ray knows about that. */
  async stay(): Promise<void> {
    await this.#call('stay', [], false)
  }

  /** `holds`: whether the process stays alive for the answer. It does until the cluster has the call. */
  async #call(method: string, args: readonly unknown[], holds = true): Promise<Uint8Array> {
    const { channel, clientId } = this.#session
    const id = await submit(channel, {
      type: ClientTask_RemoteExecType.METHOD,
      name: method,
      payloadId: this.#id,
      clientId,
      options: undefined,
      data: pickle(new PyTuple([new PyTuple(args), new Map()])),
    })
    try {
      return answerOf(method, unpickle(await get(channel, id, holds)))
    } finally {
      release(channel, [id])
    }
  }
}

/** How to begin the error of a method. */
const failures: Readonly<Record<string, string>> = { start: 'the agent did not start', stay: 'the agent has ended' }

/** Undoes what the loader did to tell results from exceptions; whatever else comes is an exception of Ray's own. */
function answerOf(method: string, value: unknown): Uint8Array {
  const what = failures[method] ?? 'the agent failed'
  if (!(value instanceof Uint8Array)) throw errorOf(what, describeException(value))
  if (value[0] === 0) return value.subarray(1)
  throw errorOf(what, JSON.parse(Buffer.from(value.subarray(1)).toString('utf8')) as PythonException)
}

function addressOf(value: unknown): AgentAddress {
  const { host, port, token, tls } = (value ?? {}) as Record<string, unknown>
  const whole = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536
  if (typeof host !== 'string' || !whole || typeof token !== 'string' || typeof tls !== 'boolean') {
    throw new RayError('the agent did not say where it listens')
  }
  return { host, port, token, tls }
}
