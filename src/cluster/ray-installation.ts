import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { KlawError } from '../errors.ts'
import { ensureEnvironment, environmentCommand, isOwnEnvironment } from './environment.ts'
import { defaultRayVersion, objectionToRayVersion, oldestRayVersion, parseRayVersion } from './ray-version.ts'
import { runCommand } from './run-command.ts'

/** A Ray on this machine. */
export interface RayInstallation {
  /** The path of the `ray` command. */
  readonly ray: string
  /** The path of a Python that belongs to it. */
  readonly python: string
  readonly version: string
}

export interface FindRayOptions {
  /** A `ray` command, or the folder of a virtual environment. The default is the variable `KLAW_RAY`. */
  readonly ray?: string | undefined
  /** Exactly this version, such as `2.60.0`. The default is any from 2.51 on. */
  readonly rayVersion?: string | undefined
  /** The folder in which `.venv` is looked for, and made. The default is the working folder. */
  readonly folder?: string | undefined
}

export interface EnsureRayOptions extends FindRayOptions {
  /** More Python packages for an environment that is made, as pip reads them. It then serves nobody without them. */
  readonly requirements?: readonly string[] | undefined
  /** Told what goes on, one line at a time. */
  readonly onProgress?: ((line: string) => void) | undefined
}

/**
 * Looks for Ray: what `ray` or `KLAW_RAY` names, `.venv` in the folder, the PATH. Undefined if it is nowhere.
 *
 * @throws KlawError if what was named is not there, or not a version that will do.
 */
export async function findRay(options: FindRayOptions = {}): Promise<RayInstallation | undefined> {
  const named = options.ray ?? (process.env.KLAW_RAY || undefined)
  if (named !== undefined) return await namedRay(named, options.rayVersion)
  const folder = resolve(options.folder ?? '.')
  const own = ownEnvironment(folder, options.rayVersion)
  const candidates = [own, join(folder, '.venv')].map((environment) => environmentCommand(environment, 'ray'))
  const onPath = (process.env.PATH ?? '').split(delimiter).map((entry) => join(entry, 'ray'))
  for (const ray of new Set([...candidates, ...onPath])) {
    if (!isExecutable(ray)) continue
    const version = await versionOf(ray).catch(() => undefined)
    if (version !== undefined && objectionTo(version, options.rayVersion) === undefined)
      return installation(ray, version)
  }
  return undefined
}

/**
 * Like {@link findRay}, but makes a virtual environment where there is no Ray: `.venv` in the folder, or
 * `.venv-ray-<version>` if a version was asked for, with `uv` if it is there, else with the newest Python 3.10 to 3.13.
 *
 * @throws KlawError also if that fails: no Python, no network.
 */
export async function ensureRay(options: EnsureRayOptions = {}): Promise<RayInstallation> {
  const { requirements = [], rayVersion, onProgress } = options
  const folder = ownEnvironment(resolve(options.folder ?? '.'), rayVersion)
  const named = options.ray ?? process.env.KLAW_RAY
  // One that klaw has made is looked at again: it may be half-made, or lack some of the requirements.
  if (named || !isOwnEnvironment(folder)) {
    const found = await findRay(options)
    if (found !== undefined && (named || requirements.length === 0)) return found
  }
  const version = rayVersion ?? defaultRayVersion
  const packages = [`ray[client]==${version}`, 'msgpack', 'numpy', ...requirements]
  await ensureEnvironment({ folder, requirements: packages, onProgress })
  return installation(environmentCommand(folder, 'ray'), version)
}

/** The environment that klaw makes in this folder. One that is there and is not klaw's is left alone. */
function ownEnvironment(folder: string, version: string | undefined): string {
  if (version !== undefined) return join(folder, `.venv-ray-${version}`)
  const usual = join(folder, '.venv')
  return existsSync(usual) && !isOwnEnvironment(usual) ? join(folder, '.venv-klaw') : usual
}

async function namedRay(named: string, wanted: string | undefined): Promise<RayInstallation> {
  const path = resolve(named)
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const ray = isFolder ? environmentCommand(path, 'ray') : path
  if (!isExecutable(ray)) throw new KlawError(`there is no ray command at ${ray}; correct KLAW_RAY, or leave it away`)
  const version = await versionOf(ray)
  const objection = objectionTo(version, wanted)
  if (objection !== undefined) throw new KlawError(`${ray} will not do: ${objection}`)
  return installation(ray, version)
}

function objectionTo(version: string, wanted: string | undefined): string | undefined {
  if (wanted !== undefined && version !== wanted) return `it is Ray ${version}, and ${wanted} was asked for`
  const objection = objectionToRayVersion(version)
  return objection === undefined ? undefined : `${objection}; ${oldestRayVersion} or newer is needed`
}

async function versionOf(ray: string): Promise<string> {
  const output = await runCommand(ray, ['--version'])
  const version = parseRayVersion(output)
  if (version === undefined) throw new KlawError(`${ray} --version printed no version: ${output.slice(0, 200).trim()}`)
  return version
}

/** The Python beside the command; a command that is a link (`~/.local/bin/ray`) has it where the link leads. */
function installation(ray: string, version: string): RayInstallation {
  const beside = [ray, realpathSync(ray)].flatMap((path) =>
    ['python', 'python3'].map((name) => join(dirname(path), name)),
  )
  const python = beside.find(isExecutable) ?? 'python3'
  return { ray, python, version }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
