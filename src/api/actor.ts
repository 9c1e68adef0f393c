import { type Definition, definitionSymbol } from '../engine/definition.ts'
import { noteDefinition } from '../engine/thread-context.ts'
import { show } from './arguments.ts'
import { describeClass, type ModuleMeta, moduleUrl } from './definition.ts'

/** Any class whose instances can be actors. */
// A parameter list of `never[]` accepts every constructor without giving up its own types.
export type AnyClass = new (...args: never[]) => object

/** A class that can run elsewhere as an actor. Made by {@link actor}; `klaw.actor(definition)` creates from it. */
export interface ActorDefinition<Class extends AnyClass> {
  readonly [definitionSymbol]: Extract<Definition, { kind: 'actor' }> & { readonly target: Class }
  /** The class itself, to be used or tested without a runtime. */
  readonly Class: Class
}

/**
 * Defines an actor class. Needs no runtime.
 *
 * Stands at the top level of a module that exports it: whoever creates the actor, the thread that runs it imports that module
 * and finds the export by the class's name. So the module should do nothing else when it is imported. On Ray the module is bundled with all that it
 * imports, and runs in a Node process on one of the cluster's nodes.
 *
 * @param meta `import.meta` of the module
 * @param target the class; public methods become calls, on an instance that lives as long as the actor
 * @throws TypeError when the class has no name, or a method named `then`
 *
 * @example
 * ```ts
 * // counter.ts
 * import { actor } from '@klaw/core'
 *
 * export const Counter = actor(import.meta, class Counter {
 *   #value = 0
 *   add(amount: number) { return (this.#value += amount) }
 * })
 * ```
 */
export function actor<Class extends AnyClass>(meta: ModuleMeta, target: Class): ActorDefinition<Class> {
  const module = moduleUrl('actor()', meta)
  if (typeof target !== 'function' || typeof target.prototype !== 'object') {
    throw new TypeError(`the second argument of actor() must be a class, got ${show(target)}`)
  }
  if (target.name === '') {
    throw new TypeError(
      'an actor class needs a name, by which the other side finds it: actor(import.meta, class Name { … })',
    )
  }
  const definition = { kind: 'actor', description: describeClass(module, target), target } as const
  noteDefinition(definition)
  return { [definitionSymbol]: definition, Class: target }
}
