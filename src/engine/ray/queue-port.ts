import type { EncodeContext, EncodedHandle } from '../../codec/handles.ts'
import type { WaitOptions } from '../../core/ports.ts'
import { RayActorError } from '../../errors.ts'
import type { Connection } from '../../wire/connection.ts'
import type { RequestOptions } from '../../wire/requests.ts'
import { HandleKind } from '../../wire/token.ts'
import type { QueuePort, QueueRefusal } from '../queue-engine.ts'
import type { RayActors } from './actors.ts'
import { argumentError } from './arguments.ts'
import { exported } from './export-context.ts'
import type { RayActor } from './ray-actor.ts'

/** A queue in the cluster: Ray's own, of which the agent asks what we ask for. */
export class RayQueuePort implements QueuePort {
  readonly #connection: Connection
  readonly #actors: RayActors
  readonly #actor: RayActor
  #released = false

  constructor(connection: Connection, actors: RayActors, actor: RayActor) {
    this.#connection = connection
    this.#actors = actors
    this.#actor = actor
    actor.retain()
  }

  get id(): string {
    return this.#actor.id
  }

  async ready(): Promise<void> {
    this.#refuseIfReleased()
    await this.#actors.ready(this.#actor)
  }

  async put(item: unknown, { timeout, signal }: WaitOptions): Promise<boolean> {
    // Ray may have put it by the time it is asked not to: then it counts as put.
    const options = { signal, awaitsOutcome: true }
    return (await this.#ask('queue.put', { item: [item], timeout: limit(timeout) }, options)) as boolean
  }

  async putAll(items: readonly unknown[]): Promise<QueueRefusal | undefined> {
    return ((await this.#ask('queue.putAll', { items })) as QueueRefusal | null) ?? undefined
  }

  async get({ timeout, signal }: WaitOptions): Promise<{ readonly item: unknown } | undefined> {
    const got = (await this.#ask('queue.get', { timeout: limit(timeout) }, { signal, awaitsOutcome: true })) as
      | readonly [unknown]
      | null
    return got === null || got === undefined ? undefined : { item: got[0] }
  }

  async getMany(count: number): Promise<{ readonly items: readonly unknown[] } | QueueRefusal> {
    return (await this.#ask('queue.getMany', { count })) as { readonly items: readonly unknown[] } | QueueRefusal
  }

  async size(): Promise<number> {
    return (await this.#askAbout('queue.size')) as number
  }

  async full(): Promise<boolean> {
    return (await this.#askAbout('queue.full')) as boolean
  }

  async shutdown(force: boolean, grace: number): Promise<void> {
    await this.#ask('queue.shutdown', { force, grace })
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#actor.release()
  }

  export(context: EncodeContext): EncodedHandle {
    this.#refuseIfReleased()
    this.#actors.checkExport(this.#actor)
    const adopted = this.#actors.client.adopt(context, HandleKind.queue, this.#actor.share, [this.id])
    if (adopted !== undefined) return adopted
    exported(context, this.#actor)
    return { kind: HandleKind.queue, body: this.#actor.share.number, codec: this.#actors.codec }
  }

  #ask(operation: string, argument: object, options?: RequestOptions): Promise<unknown> {
    return this.#request(operation, { queue: this.#actor.share.number, ...argument }, options)
  }

  #askAbout(operation: string): Promise<unknown> {
    return this.#request(operation, this.#actor.share.number)
  }

  async #request(operation: string, argument: unknown, options?: RequestOptions): Promise<unknown> {
    this.#refuseIfReleased()
    if (this.#actor.failure !== undefined) throw this.#actor.failure.cause
    try {
      return await this.#connection.request(operation, argument, options)
    } catch (error) {
      throw argumentError(error)
    }
  }

  #refuseIfReleased(): void {
    if (!this.#released) return
    throw new RayActorError(`this handle of queue ${this.id} has been disposed of`, { actorId: this.id })
  }
}

/** A timeout as the agent takes it: null is without limit. */
function limit(timeout: number | undefined): number | null {
  return timeout === undefined || timeout === Number.POSITIVE_INFINITY ? null : timeout
}
