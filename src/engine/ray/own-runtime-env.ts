import { KlawError } from '../../errors.ts'
import type { RuntimeEnv } from '../actor-engine.ts'

/** A `runtime_env` as Ray takes it. */
export type PreparedRuntimeEnv = Readonly<Record<string, unknown>>

/**
 * Checks the parts of a `runtime_env` that are prepared here; the others are Ray's to check.
 *
 * @throws TypeError naming the part
 */
export function checkRuntimeEnv(env: RuntimeEnv): void {
  const { pip, working_dir, py_modules, excludes } = env
  if (pip !== undefined && typeof pip !== 'string' && !isStrings(pip) && !isStrings(packagesOf(pip))) {
    throw new TypeError(
      "'runtimeEnv.pip' must be an array of requirements, the path of a requirements.txt, or { packages: […] }",
    )
  }
  if (working_dir !== undefined && typeof working_dir !== 'string') {
    throw new TypeError("'runtimeEnv.working_dir' must be the path of a folder, or a URI")
  }
  if (py_modules !== undefined && !isStrings(py_modules)) {
    throw new TypeError("'runtimeEnv.py_modules' must be an array of paths of folders, or URIs")
  }
  if (excludes !== undefined && !isStrings(excludes)) {
    throw new TypeError("'runtimeEnv.excludes' must be an array of patterns, as in .gitignore")
  }
}

/** The `runtime_env` of one actor or task. Throws a `KlawError` for what would have to be uploaded, which is the session's to do. */
export function ownRuntimeEnv(env: RuntimeEnv | undefined): PreparedRuntimeEnv | undefined {
  if (env === undefined) return undefined
  checkRuntimeEnv(env)
  const local = [env.working_dir, ...((env.py_modules ?? []) as readonly unknown[])].find(
    (place) => typeof place === 'string' && !isUri(place),
  )
  if (local === undefined && typeof env.pip !== 'string') return env
  throw new KlawError(
    `a runtimeEnv of an actor or a task can not take '${local ?? env.pip}' from this machine: give it to connect(), or as a URI`,
  )
}

/** Whether a part of a `runtime_env` says where it is to be fetched from. */
export function isUri(place: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(place)
}

function packagesOf(pip: unknown): unknown {
  return typeof pip === 'object' && pip !== null ? (pip as { readonly packages?: unknown }).packages : undefined
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string')
}
