import type { EncodeContext } from '../../codec/handles.ts'
import { RayActorError } from '../../errors.ts'
import { HandleKind } from '../../wire/token.ts'
import type { ActorPort, CallSpec } from '../actor-engine.ts'
import type { ActorProxy } from '../calls/actor-proxy.ts'
import { RemoteIterator } from '../calls/remote-iterator.ts'
import type { ActorDescription } from '../definition.ts'
import type { ObjectPort } from '../object-engine.ts'
import type { LocalActors } from './actors.ts'

/** What stands behind one handle of an actor. */
export class LocalActorPort implements ActorPort {
  readonly engine: LocalActors
  readonly #proxy: ActorProxy
  #released = false

  /** @param leases how many the hub has counted for this handle */
  constructor(engine: LocalActors, proxy: ActorProxy, leases: number) {
    this.engine = engine
    this.#proxy = proxy
    proxy.retain(leases)
  }

  get id(): string {
    return this.proxy.id
  }

  get description(): ActorDescription {
    return this.#proxy.about.description
  }

  /** @internal */
  get proxy(): ActorProxy {
    return this.#proxy.joined ?? this.#proxy
  }

  call(method: string, args: readonly unknown[], spec: CallSpec | undefined): ObjectPort {
    if (this.#released) return this.engine.failed(this.#disposed())
    return this.#proxy.current.call(method, args, spec)
  }

  stream(method: string, args: readonly unknown[]): AsyncIterableIterator<unknown> {
    const proxy = this.#proxy.current
    const refusal = this.#released ? this.#disposed() : undefined
    return new RemoteIterator(proxy, proxy.begin(method, args, undefined, refusal))
  }

  ready(): Promise<void> {
    if (this.#released) return Promise.reject(this.#disposed())
    return this.engine.ready(this.#proxy)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#proxy.release()
  }

  export(context: EncodeContext): { kind: number; body: unknown } {
    if (this.#released) throw this.#disposed()
    const { id, about } = this.proxy
    return this.engine.client.export(context, HandleKind.actor, id, { id, about })
  }

  #disposed(): RayActorError {
    return new RayActorError(`this handle of actor ${this.description.name} (${this.id}) has been disposed of`, {
      actorId: this.id,
    })
  }
}
