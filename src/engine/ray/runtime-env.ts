import { readFile } from 'node:fs/promises'
import type { RuntimeEnv } from '../actor-engine.ts'
import type { Upload } from './bootstrap/bootstrap.ts'
import { packFolder } from './folder-package.ts'
import { isUri, type PreparedRuntimeEnv } from './own-runtime-env.ts'

/**
 * A session's `runtime_env` as Ray takes it: what is local is uploaded, and its place named instead.
 *
 * @throws RangeError for a path that is none; KlawError for a folder that is too large
 */
export async function prepareRuntimeEnv(
  env: RuntimeEnv | undefined,
  upload: Upload,
): Promise<PreparedRuntimeEnv | undefined> {
  if (env === undefined) return undefined
  const { pip, working_dir, py_modules, excludes, ...rest } = env
  const patterns = (excludes ?? []) as readonly string[]
  const prepared: Record<string, unknown> = { ...rest }
  if (pip !== undefined) prepared.pip = typeof pip === 'string' ? await requirements(pip) : pip
  if (working_dir !== undefined) {
    prepared.working_dir = await placed(working_dir as string, 'runtimeEnv.working_dir', patterns, false, upload)
  }
  if (py_modules !== undefined) {
    prepared.py_modules = await Promise.all(
      (py_modules as readonly string[]).map((path, index) =>
        placed(path, `runtimeEnv.py_modules[${index}]`, patterns, true, upload),
      ),
    )
  }
  return prepared
}

async function placed(
  place: string,
  name: string,
  excludes: readonly string[],
  withName: boolean,
  upload: Upload,
): Promise<string> {
  if (isUri(place)) return place
  const { uri, contents } = await packFolder(place, { what: `'${name}'`, excludes, withName })
  await upload(uri, contents)
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
