import type { EncodeContext, EncodedHandle } from '../../codec/handles.ts'
import { RayActorError } from '../../errors.ts'
import { HandleKind } from '../../wire/token.ts'
import type { ActorPort, CallSpec } from '../actor-engine.ts'
import type { ActorProxy } from '../calls/actor-proxy.ts'
import { RemoteIterator } from '../calls/remote-iterator.ts'
import type { ActorDescription } from '../definition.ts'
import type { ObjectPort } from '../object-engine.ts'
import type { RayActors } from './actors.ts'
import { exported } from './export-context.ts'
import type { RayActor } from './ray-actor.ts'

/** What stands behind one handle of an actor. */
export class RayActorPort implements ActorPort {
  readonly engine: RayActors
  /** @internal */
  readonly actor: RayActor
  /** Of an actor in TypeScript, which is called in its own process. */
  readonly #proxy: ActorProxy | undefined
  #released = false

  constructor(engine: RayActors, actor: RayActor) {
    this.engine = engine
    this.actor = actor
    actor.retain()
    this.#proxy = actor.isTypeScript ? engine.calls.proxyOf(actor) : undefined
    this.#proxy?.retain(0)
  }

  get id(): string {
    return this.actor.id
  }

  get description(): ActorDescription {
    return this.actor.description
  }

  call(method: string, args: readonly unknown[], spec: CallSpec | undefined): ObjectPort {
    const failure = this.#failure()
    if (failure !== undefined) return this.engine.objects.failed(failure.cause)
    if (this.#proxy !== undefined) return this.#proxy.current.call(method, args, spec)
    return this.engine.call(this.actor, method, args, spec)
  }

  stream(method: string, args: readonly unknown[]): AsyncIterableIterator<unknown> {
    const failure = this.#failure()
    if (failure !== undefined) return this.engine.streams.failed(failure.cause)
    if (this.#proxy !== undefined) {
      const proxy = this.#proxy.current
      return new RemoteIterator(proxy, proxy.begin(method, args, undefined))
    }
    return this.engine.streams.open({ actor: this.actor.share.number, method }, args, this.actor)
  }

  ready(): Promise<void> {
    const failure = this.#failure()
    if (failure !== undefined) return Promise.reject(failure.cause)
    return this.#proxy === undefined ? this.engine.ready(this.actor) : this.engine.calls.ready(this.#proxy)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#proxy?.release()
    this.actor.release()
  }

  export(context: EncodeContext): EncodedHandle {
    if (this.#released) throw this.#disposed()
    this.engine.checkExport(this.actor)
    const { share, description } = this.actor
    const adopted = this.engine.client.adopt(context, HandleKind.actor, share, [this.id, { ...description }])
    if (adopted !== undefined) return adopted
    exported(context, this.actor)
    return { kind: HandleKind.actor, body: this.actor.share.number, codec: this.engine.codec }
  }

  /** Why nothing can be asked of the actor by this handle. */
  #failure(): { readonly cause: unknown } | undefined {
    if (this.#released) return { cause: this.#disposed() }
    const { lost } = this.engine
    return lost === undefined ? this.actor.failure : { cause: lost }
  }

  #disposed(): RayActorError {
    const message = `this handle of actor ${this.description.name} (${this.id}) has been disposed of`
    return new RayActorError(message, { actorId: this.id })
  }
}
