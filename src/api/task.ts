import type { ActorEngine, TaskSpec } from '../engine/actor-engine.ts'
import { type CodeAddress, type Definition, definitionOf, definitionSymbol } from '../engine/definition.ts'
import { noteDefinition } from '../engine/thread-context.ts'
import { checkTaskOptions, type TaskOptions, taskSpec } from './actor-options.ts'
import { show } from './arguments.ts'
import { type ModuleMeta, moduleUrl } from './definition.ts'
import { checkLanguage } from './language.ts'
import { ObjectRef } from './object-ref.ts'
import type { PyFunctionDefinition, PyGeneratorDefinition } from './python.ts'
import type { RemoteArguments, StreamValue } from './remote-types.ts'

/** Any function that can be a task. */
export type AnyFunction = (...args: never[]) => unknown

/** A function that can run elsewhere. Made by {@link task}; `klaw.task(definition)` runs it. */
export interface TaskDefinition<Run extends AnyFunction> {
  readonly [definitionSymbol]: Extract<Definition, { kind: 'task' }> & { readonly target: Run }
  /** The function itself, to be called or tested without a runtime. */
  readonly run: Run
}

/** A task with its options, ready to run. */
export interface RemoteTask<Run extends AnyFunction> {
  /**
   * Runs the function on a worker. An argument that is an `ObjectRef` is resolved first.
   *
   * Never throws: whatever goes wrong comes through the ref. It fails with `RayTaskError` when the function throws, with
   * `WorkerCrashedError` when its worker ended and no retries were left.
   */
  remote(...args: RemoteArguments<Parameters<Run>>): ObjectRef<Awaited<ReturnType<Run>>>
  /** The same task with some options replaced. */
  options(options: TaskOptions): RemoteTask<Run>
}

/** A task that answers with many values, with its options, ready to run. */
export interface RemoteStreamTask<Run extends AnyFunction> {
  /**
   * Runs the function on a worker. The values come one by one, as they are there; what goes wrong comes from the first step.
   * Leaving the loop cancels the function.
   */
  remote(...args: RemoteArguments<Parameters<Run>>): AsyncIterableIterator<StreamValue<ReturnType<Run>>>
  /** The same task with some options replaced. */
  options(options: TaskOptions): RemoteStreamTask<Run>
}

/**
 * Defines a task: a function that can run on any worker. Needs no runtime.
 *
 * Stands at the top level of a module that exports it, as an `actor` does. Semantics are those of Ray's tasks; on Ray it is one.
 *
 * @param meta `import.meta` of the module
 * @throws TypeError when the function has no name
 *
 * @example
 * ```ts
 * // primes.ts
 * import { task } from '@klaw/core'
 *
 * export const countPrimes = task(import.meta, function countPrimes(from: number, to: number) {
 *   return to - from
 * })
 * ```
 */
export function task<Run extends AnyFunction>(meta: ModuleMeta, run: Run): TaskDefinition<Run> {
  const module = moduleUrl('task()', meta)
  if (typeof run !== 'function') {
    throw new TypeError(`the second argument of task() must be a function, got ${show(run)}`)
  }
  if (run.name === '') {
    throw new TypeError(
      'a task needs a name, by which the other side finds it: task(import.meta, function name() { … })',
    )
  }
  const definition = { kind: 'task', description: { module, name: run.name }, target: run } as const
  noteDefinition(definition)
  return { [definitionSymbol]: definition, run }
}

/**
 * A task of one runtime; what `klaw.task()` returns.
 *
 * @throws TypeError, RangeError for a wrong option, naming it
 */
export function remoteTask<Run extends AnyFunction>(
  engine: ActorEngine,
  definition: TaskDefinition<Run> | PyFunctionDefinition<Run> | PyGeneratorDefinition<Run>,
  options?: TaskOptions,
): RemoteTask<Run> | RemoteStreamTask<Run> {
  const known = definitionOf(definition)
  if (known?.kind !== 'task' && known?.kind !== 'Python task') {
    throw new TypeError(
      `the first argument of task() must be what task(import.meta, …) or pyFunction(…) returned, got ${show(definition)}`,
    )
  }
  checkLanguage(engine, 'task', known.description)
  const streams = known.kind === 'Python task' && known.answers === 'stream'
  const Bound = streams ? BoundStreamTask<Run> : BoundTask<Run>
  return new Bound(engine, known.description, options)
}

class BoundTask<Run extends AnyFunction> implements RemoteTask<Run> {
  readonly #engine: ActorEngine
  readonly #code: CodeAddress
  readonly #options: TaskOptions | undefined
  readonly #spec: TaskSpec

  constructor(engine: ActorEngine, code: CodeAddress, options?: TaskOptions) {
    this.#engine = engine
    this.#code = code
    this.#options = options
    this.#spec = taskSpec(options)
  }

  remote(...args: RemoteArguments<Parameters<Run>>): ObjectRef<Awaited<ReturnType<Run>>> {
    return new ObjectRef(this.#engine.submit(this.#code, this.#spec, args))
  }

  options(options: TaskOptions): RemoteTask<Run> {
    checkTaskOptions(options)
    return new BoundTask(this.#engine, this.#code, { ...this.#options, ...options })
  }
}

class BoundStreamTask<Run extends AnyFunction> implements RemoteStreamTask<Run> {
  readonly #engine: ActorEngine
  readonly #code: CodeAddress
  readonly #options: TaskOptions | undefined
  readonly #spec: TaskSpec

  constructor(engine: ActorEngine, code: CodeAddress, options?: TaskOptions) {
    this.#engine = engine
    this.#code = code
    this.#options = options
    this.#spec = taskSpec(options)
  }

  remote(...args: RemoteArguments<Parameters<Run>>): AsyncIterableIterator<StreamValue<ReturnType<Run>>> {
    const values = this.#engine.submitStream(this.#code, this.#spec, args)
    return values as AsyncIterableIterator<StreamValue<ReturnType<Run>>>
  }

  options(options: TaskOptions): RemoteStreamTask<Run> {
    checkTaskOptions(options)
    return new BoundStreamTask(this.#engine, this.#code, { ...this.#options, ...options })
  }
}
