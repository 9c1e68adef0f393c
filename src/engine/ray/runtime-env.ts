import { readFile } from 'node:fs/promises'
import { KlawError } from '../../errors.ts'
import type { RuntimeEnv } from '../actor-engine.ts'
import type { Bootstrap } from './bootstrap/bootstrap.ts'
import { packFolder } from './folder-package.ts'

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

/**
 * A session's `runtime_env` as Ray takes it: what is local is uploaded, and its place named instead.
 *
 * @throws RangeError for a path that is none; KlawError for a folder that is too large
 */
export async function prepareRuntimeEnv(
  env: RuntimeEnv | undefined,
  bootstrap: Pick<Bootstrap, 'upload'>,
): Promise<PreparedRuntimeEnv | undefined> {
  if (env === undefined) return undefined
  const { pip, working_dir, py_modules, excludes, ...rest } = env
  const patterns = (excludes ?? []) as readonly string[]
  const prepared: Record<string, unknown> = { ...rest }
  if (pip !== undefined) prepared.pip = typeof pip === 'string' ? await requirements(pip) : pip
  if (working_dir !== undefined) {
    prepared.working_dir = await placed(working_dir as string, 'runtimeEnv.working_dir', patterns, false, bootstrap)
  }
  if (py_modules !== undefined) {
    prepared.py_modules = await Promise.all(
      (py_modules as readonly string[]).map((path, index) =>
        placed(path, `runtimeEnv.py_modules[${index}]`, patterns, true, bootstrap),
      ),
    )
  }
  return prepared
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

async function placed(
  place: string,
  name: string,
  excludes: readonly string[],
  withName: boolean,
  bootstrap: Pick<Bootstrap, 'upload'>,
): Promise<string> {
  if (isUri(place)) return place
  const { uri, contents } = await packFolder(place, { what: `'${name}'`, excludes, withName })
  await bootstrap.upload(uri, contents)
  return uri
}

async function requirements(path: string): Promise<string[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new RangeError(`'runtimeEnv.pip' must be the path of a requirements.txt, got '${path}'`, { cause })
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function isUri(place: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(place)
}

function packagesOf(pip: unknown): unknown {
  return typeof pip === 'object' && pip !== null ? (pip as { readonly packages?: unknown }).packages : undefined
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string')
}
