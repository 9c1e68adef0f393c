import { definitionSymbol, type PythonActorCode, type PythonTaskCode } from '../engine/definition.ts'
import { checkKeys, show } from './arguments.ts'
import type { StreamNames } from './remote-types.ts'
import type { AnyFunction } from './task.ts'

/** The type that a definition carries and no value has. */
declare const shape: unique symbol

/** A class in Python that can run as an actor. Made by {@link pyActorClass}; `klaw.actor(definition)` creates from it. */
export interface PyActorDefinition<Class extends PyClass> {
  readonly [definitionSymbol]: PythonActorCode
  readonly [shape]?: Class
}

/** A function in Python that can run as a task. Made by {@link pyFunction}; `klaw.task(definition)` runs it. */
export interface PyFunctionDefinition<Run extends AnyFunction> {
  readonly [definitionSymbol]: PythonTaskCode & { readonly answers: 'value' }
  readonly [shape]?: Run
}

/** Like {@link PyFunctionDefinition}, for a generator. */
export interface PyGeneratorDefinition<Run extends AnyFunction> {
  readonly [definitionSymbol]: PythonTaskCode & { readonly answers: 'stream' }
  readonly [shape]?: Run
}

/** What TypeScript has to be told about a class in Python when the program runs. */
export interface PyActorOptions<Instance> {
  /** The methods that are generators: they answer with many values. */
  readonly generators?: readonly StreamNames<Instance>[] | undefined
}

// `never` instead of `never[]` also takes a class whose parameters are not known yet.
type PyClass = new (...args: never) => object

/**
 * Names a class in Python, for `klaw.actor`. Nothing is sent: the cluster imports the module, so it has to be in the session's
 * `runtimeEnv` or on the cluster's path.
 *
 * `Shape` says what TypeScript sees: an interface of the methods (then `Args` are the constructor's arguments), or a class type,
 * `new (…) => Interface`. A method that is a generator in Python has `Generator<T>` as its result, and stands in `generators`.
 * Methods named `ready`, `then`, `toString` or `constructor` can not be called by such a handle.
 *
 * @param module as Python imports it, `package.module`
 * @param name of the class, plain or decorated with `@ray.remote`
 * @throws TypeError, RangeError for a wrong argument, naming it
 *
 * @example
 * ```ts
 * // not run
 * interface Counter {
 *   add(amount: number): number
 *   history(): Generator<number>
 * }
 *
 * const Counter = pyActorClass<Counter, [start: number]>('counters', 'Counter', { generators: ['history'] })
 * await using klaw = await connect('ray://127.0.0.1:10001')
 * const counter = klaw.actor(Counter).remote(10)
 * console.log(await counter.add.remote(2))
 * for await (const value of counter.history.remote()) console.log(value)
 * ```
 */
export function pyActorClass<Class extends PyClass>(
  module: string,
  name: string,
  options?: PyActorOptions<InstanceType<Class>>,
): PyActorDefinition<Class>
export function pyActorClass<Shape extends object, Args extends unknown[] = unknown[]>(
  module: string,
  name: string,
  options?: PyActorOptions<Shape>,
): PyActorDefinition<new (...args: Args) => Shape>
export function pyActorClass(
  module: string,
  name: string,
  options: PyActorOptions<object> = {},
): PyActorDefinition<PyClass> {
  checkPlace(module, name)
  checkKeys('the options of pyActorClass', options, ['generators'])
  const generators: unknown = options.generators ?? []
  if (!Array.isArray(generators) || generators.some((method) => typeof method !== 'string')) {
    throw new TypeError(`'generators' must be an array of method names, got ${show(generators)}`)
  }
  const methods = Object.fromEntries((generators as string[]).map((method) => [method, 'stream' as const]))
  const description = { language: 'python', module, name, methods, open: true, asynchronous: false } as const
  return { [definitionSymbol]: { kind: 'Python actor', description } }
}

/** What TypeScript has to be told about a function in Python when the program runs. */
export interface PyFunctionOptions {
  /** It is a generator: it answers with many values. Default false. */
  readonly generator?: boolean | undefined
}

/**
 * Names a function in Python, for `klaw.task`. Nothing is sent: the cluster imports the module, so it has to be in the session's
 * `runtimeEnv` or on the cluster's path.
 *
 * `Run` is the function as TypeScript sees it.
 *
 * @param module as Python imports it, `package.module`
 * @param name of the function, plain or decorated with `@ray.remote`
 * @throws TypeError, RangeError for a wrong argument, naming it
 *
 * @example
 * ```ts
 * // not run
 * const mean = pyFunction<(values: number[]) => number>('statistics', 'fmean')
 * await using klaw = await connect('ray://127.0.0.1:10001')
 * console.log(await klaw.task(mean).remote([1, 2, 6]))
 * ```
 */
export function pyFunction<Run extends AnyFunction>(
  module: string,
  name: string,
  options: PyFunctionOptions & { readonly generator: true },
): PyGeneratorDefinition<Run>
export function pyFunction<Run extends AnyFunction>(
  module: string,
  name: string,
  options?: PyFunctionOptions & { readonly generator?: false | undefined },
): PyFunctionDefinition<Run>
export function pyFunction(
  module: string,
  name: string,
  options: PyFunctionOptions = {},
): PyFunctionDefinition<AnyFunction> | PyGeneratorDefinition<AnyFunction> {
  checkPlace(module, name)
  checkKeys('the options of pyFunction', options, ['generator'])
  const { generator = false } = options
  if (typeof generator !== 'boolean') throw new TypeError(`'generator' must be true or false, got ${show(generator)}`)
  const description = { language: 'python', module, name } as const
  return generator
    ? { [definitionSymbol]: { kind: 'Python task', description, answers: 'stream' } }
    : { [definitionSymbol]: { kind: 'Python task', description, answers: 'value' } }
}

function checkPlace(module: string, name: string): void {
  for (const [key, value] of Object.entries({ module, name })) {
    if (typeof value !== 'string') throw new TypeError(`'${key}' must be a string, got ${show(value)}`)
    if (value === '') throw new RangeError(`'${key}' must not be empty`)
  }
}
