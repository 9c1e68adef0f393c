import type { ActorEngine, ActorSpec } from '../engine/actor-engine.ts'
import { type ActorDescription, definitionOf } from '../engine/definition.ts'
import type { ActorDefinition, AnyClass } from './actor.ts'
import { actorHandle } from './actor-handle.ts'
import { type ActorOptions, actorSpec, checkActorOptions } from './actor-options.ts'
import { show } from './arguments.ts'
import { checkLanguage } from './language.ts'
import type { PyActorDefinition } from './python.ts'
import type { ActorHandle, RemoteArguments } from './remote-types.ts'

/** An actor class with its options, ready to create actors. What `klaw.actor()` returns. */
export interface ActorClass<Class extends AnyClass> {
  /**
   * Creates an actor. Returns at once; what goes wrong shows in `handle.ready()` and in every call. An argument that is an
   * `ObjectRef` is resolved first.
   *
   * They fail with `ActorDiedError` when the constructor throws or the module can not be loaded (see its `cause`),
   * `ActorAlreadyExistsError` when the name is taken, `ActorUnschedulableError` when the resources exist nowhere.
   *
   * @example
   * ```ts
   * import { connect } from '@klaw/core'
   * import { Counter } from './counter.ts'
   *
   * await using klaw = await connect()
   * const counter = klaw.actor(Counter).remote()
   * console.log(await counter.add.remote(2))
   * ```
   */
  remote(...args: RemoteArguments<ConstructorParameters<Class>>): ActorHandle<InstanceType<Class>>
  /** The same class with some options replaced. */
  options(options: ActorOptions): ActorClass<Class>
}

/**
 * An actor class of one engine.
 *
 * @throws TypeError, RangeError for a wrong option, naming it
 */
export function actorClass<Class extends AnyClass>(
  engine: ActorEngine,
  definition: ActorDefinition<Class> | PyActorDefinition<Class>,
  options?: ActorOptions,
): ActorClass<Class> {
  const known = definitionOf(definition)
  if (known?.kind !== 'actor' && known?.kind !== 'Python actor') {
    throw new TypeError(
      `the first argument of actor() must be what actor(import.meta, class …) or pyActorClass(…) returned, got ${show(definition)}`,
    )
  }
  checkLanguage(engine, 'actor', known.description)
  return new BoundClass<Class>(engine, known.description, options)
}

class BoundClass<Class extends AnyClass> implements ActorClass<Class> {
  readonly #engine: ActorEngine
  readonly #description: ActorDescription
  readonly #options: ActorOptions | undefined
  readonly #spec: ActorSpec

  constructor(engine: ActorEngine, description: ActorDescription, options: ActorOptions | undefined) {
    this.#engine = engine
    this.#description = description
    this.#options = options
    this.#spec = actorSpec(options)
  }

  remote(...args: RemoteArguments<ConstructorParameters<Class>>): ActorHandle<InstanceType<Class>> {
    return actorHandle(this.#engine.create(this.#description, this.#spec, args))
  }

  options(options: ActorOptions): ActorClass<Class> {
    checkActorOptions(options)
    return new BoundClass<Class>(this.#engine, this.#description, { ...this.#options, ...options })
  }
}
