import type { ActorEngine } from '../../engine/actor-engine.ts'
import { type ActorDescription, definitionOf } from '../../engine/definition.ts'
import type { AnyClass } from '../actor.ts'
import { type ActorOptions, actorSpec } from '../actor-options.ts'
import { checkCount, show } from '../arguments.ts'
import { checkLanguage } from '../language.ts'
import type { Receiver } from '../receiver.ts'
import { ActorFactory } from './actor-executor.ts'
import type { ActorPoolOptions, PoolMethodResult } from './actor-pool-options.ts'
import type { Control } from './control.ts'
import { isAcknowledged, openPool } from './open-pool.ts'
import { type PoolItem, poolSettings } from './options.ts'

/** `Runtime.pool`, of actors. */
export function openActorPool<Message, Class extends AnyClass, Name extends keyof InstanceType<Class>>(
  engine: { readonly actors: ActorEngine; readonly lost: Error | undefined },
  receiver: Receiver<Message>,
  definition: object,
  options: ActorPoolOptions<PoolItem<Message>, Class, Name>,
): Control<PoolItem<Message>, PoolMethodResult<InstanceType<Class>, Name>> {
  const known = definitionOf(definition)
  if (known?.kind !== 'actor' && known?.kind !== 'Python actor') {
    throw new TypeError(
      `the second argument of pool() must be a function, or what actor(import.meta, class …) or pyActorClass(…) returned, got ${show(definition)}`,
    )
  }
  const { description } = known
  checkLanguage(engine.actors, 'actor', description)
  const settings = poolSettings<PoolItem<Message>, PoolMethodResult<InstanceType<Class>, Name>>(
    options,
    isAcknowledged(receiver),
    ['actorOptions', 'concurrency', 'method', 'args'],
  )
  const { actorOptions, concurrency = 1, method = 'process', args = [] } = options as Unchecked
  checkCount('concurrency', concurrency, 1, false)
  checkMethod(description, method)
  if (!Array.isArray(args)) throw new TypeError(`'args' must be an array, got ${show(args)}`)
  const factory = new ActorFactory<PoolItem<Message>, PoolMethodResult<InstanceType<Class>, Name>>({
    engine: engine.actors,
    lost: () => engine.lost,
    description,
    spec: actorSpec(optionsOfMany(actorOptions)),
    args,
    method,
    concurrency: concurrency as number,
  })
  return openPool(receiver, factory, settings)
}

interface Unchecked {
  readonly actorOptions?: ActorOptions
  readonly concurrency?: unknown
  readonly method?: unknown
  readonly args?: unknown
}

function checkMethod(description: ActorDescription, method: unknown): asserts method is string {
  if (typeof method !== 'string') throw new TypeError(`'method' must be the name of a method, got ${show(method)}`)
  const kind = Object.hasOwn(description.methods, method) ? description.methods[method] : undefined
  if (kind === 'value' || (kind === undefined && description.open === true)) return
  const values = Object.keys(description.methods).filter((name) => description.methods[name] === 'value')
  throw new TypeError(
    kind === 'stream'
      ? `'method' must be one that answers with one value, and ${description.name}.${method} is a generator`
      : `'method' must be one of ${description.name}, which has ${values.join(', ') || 'none'}, got ${show(method)}`,
  )
}

/** Refuses what only one actor can have. */
function optionsOfMany(options: ActorOptions | undefined): ActorOptions | undefined {
  for (const key of ['name', 'namespace', 'getIfExists', 'lifetime'] as const) {
    if (options?.[key] !== undefined) {
      throw new TypeError(`'actorOptions.${key}' is not for a pool, whose actors are many and end with it`)
    }
  }
  return options
}
