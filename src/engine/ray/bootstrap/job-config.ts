import { PyCall, PyGlobal } from './pickle-values.ts'
import { pickle } from './pickle-writer.ts'

/** A pickled `ray.job_config.JobConfig`. Made from a dict, whose keys stay the same where the constructor's parameters move. */
export function jobConfig(namespace: string, runtimeEnv: Readonly<Record<string, unknown>> | undefined): Uint8Array {
  const json = { ray_namespace: namespace, ...(runtimeEnv && { runtime_env: runtimeEnv }) }
  return pickle(new PyCall(new PyGlobal('ray.job_config', 'JobConfig.from_json'), [json]))
}
