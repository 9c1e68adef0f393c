import type { ActorSpec, CallSpec, ResourceRequest, TaskSpec } from '../actor-engine.ts'
import { ownRuntimeEnv } from './own-runtime-env.ts'

/** Options by Ray's own names. Absent ones are absent, so that Ray's defaults hold. */
export type RayOptions = Readonly<Record<string, unknown>>

export function actorOptions(spec: ActorSpec): RayOptions {
  return present({
    ...resources(spec),
    max_restarts: unless(0, spec.maxRestarts),
    max_task_retries: unless(0, spec.maxTaskRetries),
    max_concurrency: spec.maxConcurrency,
    max_pending_calls: unless(-1, spec.maxPendingCalls),
    lifetime: spec.lifetime ?? undefined,
    name: spec.name,
    namespace: spec.namespace,
    get_if_exists: unless(false, spec.getIfExists),
    runtime_env: ownRuntimeEnv(spec.runtimeEnv),
  })
}

/** Of an actor in TypeScript: Ray's options for the process around it, and what is the affair of its callers and its own. */
export function typeScriptOptions(spec: ActorSpec) {
  const { maxConcurrency = null, maxTaskRetries, maxPendingCalls } = spec
  const { max_task_retries, max_concurrency, max_pending_calls, ...options } = actorOptions(spec)
  return { options, maxConcurrency, maxTaskRetries, maxPendingCalls }
}

export function taskOptions(spec: TaskSpec): RayOptions {
  return present({
    ...resources(spec),
    max_retries: spec.maxRetries,
    retry_exceptions: unless(false, spec.retryExceptions),
    runtime_env: ownRuntimeEnv(spec.runtimeEnv),
  })
}

export function callOptions(spec: CallSpec): RayOptions {
  return present({
    max_task_retries: spec.maxTaskRetries,
    retry_exceptions: unless(false, spec.retryExceptions),
  })
}

function resources({ numCpus, numGpus, memory, resources }: ResourceRequest): Record<string, unknown> {
  return { num_cpus: numCpus, num_gpus: numGpus, memory, resources }
}

function unless<T>(standard: T, value: T): T | undefined {
  return value === standard ? undefined : value
}

function present(options: Record<string, unknown>): RayOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
