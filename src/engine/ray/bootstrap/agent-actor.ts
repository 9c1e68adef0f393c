import { readAddress, readAnswer } from './agent-answer.ts'
import { agentLoader, agentLoaderClass, loaderArguments } from './agent-loader.ts'
import type { AgentAddress, AgentSettings } from './bootstrap.ts'
import { get, put, release, submit } from './exchanges.ts'
import { ClientTask_RemoteExecType } from './generated/ray_client_pb.ts'
import { unpickle } from './pickle-reader.ts'
import { PyTuple } from './pickle-values.ts'
import { pickle } from './pickle-writer.ts'
import type { Session } from './session.ts'
import { SpentResults } from './spent-results.ts'

/** The session's agent, as the Ray actor that it is. It ends with the session's job. */
export class AgentActor {
  readonly #session: Session
  readonly #id: Uint8Array
  readonly #spent: SpentResults

  private constructor(session: Session, id: Uint8Array) {
    this.#session = session
    this.#id = id
    this.#spent = new SpentResults(session.channel)
  }

  /** Asks for the actor; whether it ever runs shows in its first call. */
  static async create(session: Session, settings: AgentSettings): Promise<AgentActor> {
    const classId = await put(session.channel, pickle(agentLoader(settings.sources)))
    const options = {
      num_cpus: 0,
      // Exchanges that wait for something to say lie here: more than ever are under way at a time.
      max_concurrency: 1000,
      max_restarts: 0,
    }
    try {
      const id = await submit(session.channel, {
        type: ClientTask_RemoteExecType.ACTOR,
        name: agentLoaderClass,
        payloadId: classId,
        clientId: session.clientId,
        options: pickle(options),
        data: pickle(new PyTuple([new PyTuple(loaderArguments(settings)), new Map()])),
      })
      return new AgentActor(session, id)
    } finally {
      release(session.channel, [classId])
    }
  }

  /** @throws {RayError} with Python's traceback when the agent did not start */
  async start(): Promise<AgentAddress> {
    return readAddress(await this.#call('start', []))
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
    let size = 0
    try {
      const answer = await get(channel, id, holds)
      size = answer.length
      return readAnswer(method, unpickle(answer))
    } finally {
      this.#spent.add(id, size)
    }
  }
}
