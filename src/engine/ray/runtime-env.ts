import type { RuntimeEnv } from '../actor-engine.ts'
import type { Bootstrap } from './bootstrap/bootstrap.ts'

/** A session's `runtime_env` as Ray takes it: what is local is uploaded, and its place named instead. */
export async function prepareRuntimeEnv(
  env: RuntimeEnv | undefined,
  _bootstrap: Pick<Bootstrap, 'upload'>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  return env
}
