import type { ActorSpec, CallSpec, RuntimeEnv, TaskSpec } from '../engine/actor-engine.ts'
import { show } from './arguments.ts'
import { amount, amounts, bytes, checkOptions, count, flag, isRecord, type OptionCheck, text } from './check-options.ts'

/** What an actor or a task claims while it lives or runs. */
export interface ResourceOptions {
  /**
   * CPUs, also in fractions. For an actor: held while it lives, when given; 0 puts it on a thread that it shares with other
   * such actors; absent, it has a thread of its own and holds nothing. For a task: held while it runs, 1 when absent. On Ray each actor has
   * processes of its own, and what is absent is Ray's default.
   */
  readonly numCpus?: number | undefined
  readonly numGpus?: number | undefined
  /** Bytes of heap that the thread may use. More ends it with `OutOfMemoryError`. On Ray: what the node sets aside for it, by Ray's own rules. */
  readonly memory?: number | undefined
  /** Custom resources and how much of each. */
  readonly resources?: Readonly<Record<string, number>> | undefined
}

/** Options of an actor. The names and defaults are Ray's, in camelCase. */
export interface ActorOptions extends ResourceOptions {
  /** How often it is started anew after its thread, or on Ray its process, has died, with fresh state. Default 0; -1 is without limit. */
  readonly maxRestarts?: number | undefined
  /** How often a call runs again when the actor restarts while the call is in flight. Default 0; -1 is without limit. */
  readonly maxTaskRetries?: number | undefined
  /** How many calls may run at a time. Default 1, or 1000 if any method is async. */
  readonly maxConcurrency?: number | undefined
  /** How many calls of one thread, or on Ray of one process, may be pending; more fail with `PendingCallsLimitExceeded`. Default -1: without limit. */
  readonly maxPendingCalls?: number | undefined
  /**
   * `null`: it ends with its last handle, or, when it has a name, with the thread, or on Ray the session or actor, that created it.
   * `'detached'`: it lives until it is killed or, on the embedded engine, the runtime shuts down.
   */
  readonly lifetime?: 'detached' | null | undefined
  /** Makes it known to `getActor`. One actor of a name lives in a namespace. */
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  /** With a name: an actor that has it already is used, and nothing is created. */
  readonly getIfExists?: boolean | undefined
  /** The environment of its thread, or on Ray of its processes. The embedded engine knows `env_vars`; on Ray what has to be uploaded belongs to `connect`. */
  readonly runtimeEnv?: RuntimeEnv | undefined
}

/** Options of a task. The names and defaults are Ray's, in camelCase. */
export interface TaskOptions extends ResourceOptions {
  /** How often it runs again when its worker crashes. Default 3; -1 is without limit. */
  readonly maxRetries?: number | undefined
  /** Also run again when the function throws. Default false. */
  readonly retryExceptions?: boolean | undefined
  readonly runtimeEnv?: RuntimeEnv | undefined
}

/** Options of one call of an actor's method. */
export interface CallOptions {
  /** Instead of the actor's own. */
  readonly maxTaskRetries?: number | undefined
  /** Also run again when the method throws. Default false. */
  readonly retryExceptions?: boolean | undefined
}

export const runtimeEnv: OptionCheck = (name, value) => {
  if (!isRecord(value)) throw new TypeError(`'${name}' must be an object, got ${show(value)}`)
  const variables = value.env_vars
  if (variables === undefined) return
  if (!isRecord(variables))
    throw new TypeError(`'${name}.env_vars' must be an object of strings, got ${show(variables)}`)
  for (const [key, part] of Object.entries(variables)) {
    if (typeof part !== 'string') throw new TypeError(`'${name}.env_vars.${key}' must be a string, got ${show(part)}`)
  }
}

const lifetime: OptionCheck = (name, value) => {
  if (value === null || value === 'detached') return
  const message = `'${name}' must be null or 'detached', got ${show(value)}`
  throw typeof value === 'string' ? new RangeError(message) : new TypeError(message)
}

const resourceChecks = { numCpus: amount, numGpus: amount, memory: bytes, resources: amounts }

const actorChecks: Record<keyof ActorOptions, OptionCheck> = {
  ...resourceChecks,
  maxRestarts: count(0, true),
  maxTaskRetries: count(0, true),
  maxConcurrency: count(1, false),
  maxPendingCalls: count(1, true),
  lifetime,
  name: text,
  namespace: text,
  getIfExists: flag,
  runtimeEnv,
}

const taskChecks: Record<keyof TaskOptions, OptionCheck> = {
  ...resourceChecks,
  maxRetries: count(0, true),
  retryExceptions: flag,
  runtimeEnv,
}

const callChecks: Record<keyof CallOptions, OptionCheck> = { maxTaskRetries: count(0, true), retryExceptions: flag }

/** Checks options that are to be merged with others. Throws like {@link actorSpec}. */
export function checkActorOptions(options: ActorOptions): void {
  checkOptions('the actor options', options, actorChecks)
}

/** Like {@link checkActorOptions}, for a task. */
export function checkTaskOptions(options: TaskOptions): void {
  checkOptions('the task options', options, taskChecks)
}

/**
 * Checks an actor's options and fills in the defaults.
 *
 * @throws TypeError, RangeError naming the option, its value and what is allowed
 */
export function actorSpec(options: ActorOptions | undefined): ActorSpec {
  checkOptions('the actor options', options, actorChecks)
  const given = options ?? {}
  if (given.getIfExists === true && given.name === undefined) {
    throw new TypeError("'getIfExists' needs a 'name': only a named actor can exist already")
  }
  return {
    ...resourcesOf(given),
    maxRestarts: given.maxRestarts ?? 0,
    maxTaskRetries: given.maxTaskRetries ?? 0,
    maxConcurrency: given.maxConcurrency,
    maxPendingCalls: given.maxPendingCalls ?? -1,
    lifetime: given.lifetime ?? null,
    name: given.name,
    namespace: given.namespace,
    getIfExists: given.getIfExists ?? false,
    runtimeEnv: given.runtimeEnv,
  }
}

/** Like {@link actorSpec}, for a task. */
export function taskSpec(options: TaskOptions | undefined): TaskSpec {
  checkOptions('the task options', options, taskChecks)
  const given = options ?? {}
  return {
    ...resourcesOf(given),
    numCpus: given.numCpus ?? 1,
    maxRetries: given.maxRetries ?? 3,
    retryExceptions: given.retryExceptions ?? false,
    runtimeEnv: given.runtimeEnv,
  }
}

/** Like {@link actorSpec}, for one call. */
export function callSpec(options: CallOptions | undefined): CallSpec {
  checkOptions('the call options', options, callChecks)
  return { maxTaskRetries: options?.maxTaskRetries, retryExceptions: options?.retryExceptions ?? false }
}

function resourcesOf(options: ResourceOptions) {
  return {
    numCpus: options.numCpus,
    numGpus: options.numGpus,
    memory: options.memory,
    resources: options.resources,
  }
}
