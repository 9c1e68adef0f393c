import type { EncodeContext } from '../codec/codec.ts'
import type { ActorDescription, CodeAddress, Language } from './definition.ts'
import type { ObjectPort } from './object-engine.ts'

/** What an actor or a task needs in order to run. Everything is checked before it reaches an engine. */
export interface ResourceRequest {
  readonly numCpus: number | undefined
  readonly numGpus: number | undefined
  /** Bytes. */
  readonly memory: number | undefined
  readonly resources: Readonly<Record<string, number>> | undefined
}

/** Ray's `runtime_env`; which keys an engine can honour is its own affair. */
export interface RuntimeEnv {
  readonly env_vars?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** An actor's options, complete and checked. `-1` means without limit. */
export interface ActorSpec extends ResourceRequest {
  readonly maxRestarts: number
  readonly maxTaskRetries: number
  /** Undefined: 1, or 1000 when any method is async. */
  readonly maxConcurrency: number | undefined
  readonly maxPendingCalls: number
  readonly lifetime: 'detached' | null
  readonly name: string | undefined
  readonly namespace: string | undefined
  readonly getIfExists: boolean
  readonly runtimeEnv: RuntimeEnv | undefined
}

/** A task's options, complete and checked. */
export interface TaskSpec extends ResourceRequest {
  readonly maxRetries: number
  readonly retryExceptions: boolean
  readonly runtimeEnv: RuntimeEnv | undefined
}

/** What one call may ask for. */
export interface CallSpec {
  readonly maxTaskRetries: number | undefined
  /** Also run again when the method throws, as long as retries are left. */
  readonly retryExceptions: boolean
}

/** An actor, as one handle sees it. */
export interface ActorPort {
  readonly id: string
  readonly engine: ActorEngine
  readonly description: ActorDescription
  /** Calls a method. Never throws: whatever is wrong with the call comes through the object. */
  call(method: string, args: readonly unknown[], spec: CallSpec | undefined): ObjectPort
  /** Calls a method that answers with many values. */
  stream(method: string, args: readonly unknown[]): AsyncIterableIterator<unknown>
  /** Settles when the constructor has run, or can not any more. */
  ready(): Promise<void>
  /** This handle is no longer used; idempotent. Calls that were made through it go on. */
  release(): void
  /** What `[handleSymbol]` of a handle returns when it goes into a value. */
  export(context: EncodeContext): { readonly kind: number; readonly body: unknown }
}

/** An actor that can be found by name. */
export interface NamedActor {
  readonly name: string
  readonly namespace: string
}

/** Creates and finds actors, and runs tasks. */
export interface ActorEngine {
  /** What the actors and tasks are written in that it can create. */
  readonly languages: readonly Language[]
  /** Returns at once; what goes wrong shows in `ready()` and in every call. */
  create(description: ActorDescription, spec: ActorSpec, args: readonly unknown[]): ActorPort
  /** Throws `ActorNotFoundError`. */
  find(name: string, namespace: string | undefined): Promise<ActorPort>
  list(namespace: string | undefined, allNamespaces: boolean): Promise<NamedActor[]>
  /** Idempotent. */
  kill(actor: ActorPort, noRestart: boolean): Promise<void>
  /** Runs a task. Never throws. */
  submit(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): ObjectPort
  /** Runs a task that answers with many values. */
  submitStream(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): AsyncIterableIterator<unknown>
  /** Asks for the call or task that makes the object to be cancelled; a no-op when it has finished. */
  cancel(object: ObjectPort, force: boolean): Promise<void>
}

/** Where a handle of an actor keeps its {@link ActorPort}. */
export const actorPort: unique symbol = Symbol.for('klaw.actorPort')

/** The actor that `value`, a handle, stands for; undefined when it is anything else. */
export function actorPortOf(value: unknown): ActorPort | undefined {
  return typeof value === 'object' && value !== null
    ? (value as { readonly [actorPort]?: ActorPort })[actorPort]
    : undefined
}
