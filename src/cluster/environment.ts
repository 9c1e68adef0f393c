import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFileLock } from './file-lock.ts'
import { findPython } from './python.ts'
import { runCommand } from './run-command.ts'
import { lockFileOf } from './user-folders.ts'

/** Downloads of a few hundred megabytes may be among them. */
const installTimeout = 20 * 60_000

/** Written before a virtual environment is made, and again, complete, after it was. */
const markerName = '.klaw-environment.json'

interface Marker {
  readonly requirements: readonly string[]
  readonly complete: boolean
}

export interface EnvironmentOptions {
  /** Absolute. */
  readonly folder: string
  /** What is to be installed, as pip reads it, such as `ray[client]==2.60.0`. */
  readonly requirements: readonly string[]
  readonly onProgress?: ((line: string) => void) | undefined
}

/**
 * Makes a virtual environment with these packages, unless it is there already and complete. A half-made one is made
 * anew; one that lacks something gets it, since somebody may be using it. Does so once, however many processes ask at the same time.
 *
 * @throws KlawError if there is no Python, or an installation fails.
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<void> {
  const { folder, requirements, onProgress } = options
  if (isComplete(folder, requirements)) return
  const make = async () => {
    const marker = readMarker(folder)
    if (marker?.complete === true) await complete(options, marker)
    else await makeAnew(options)
  }
  await withFileLock(lockFileOf(folder), make, () => onProgress?.(`waiting for another process that makes ${folder}`))
}

async function makeAnew(options: EnvironmentOptions): Promise<void> {
  const { folder, requirements, onProgress } = options
  onProgress?.(`making ${folder} with ${requirements.join(', ')}; the first time this takes a few minutes`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeMarker(folder, { requirements, complete: false })
  try {
    await makeEmpty(folder)
    await install(folder, requirements)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  writeMarker(folder, { requirements, complete: true })
}

/** Installs what is missing. Installers download everything before they change anything, so a failure changes nothing. */
async function complete({ folder, requirements, onProgress }: EnvironmentOptions, marker: Marker): Promise<void> {
  const missing = requirements.filter((requirement) => !marker.requirements.includes(requirement))
  if (missing.length === 0) return
  onProgress?.(`adding ${missing.join(', ')} to ${folder}`)
  await install(folder, requirements)
  const replaced = new Set(missing.map(packageOf))
  const kept = marker.requirements.filter((requirement) => !replaced.has(packageOf(requirement)))
  writeMarker(folder, { requirements: [...kept, ...missing], complete: true })
}

/** `ray` for `ray[client]==2.60.0`. */
function packageOf(requirement: string): string {
  return (/^[\w.-]+/.exec(requirement)?.[0] ?? requirement).toLowerCase()
}

/** Whether klaw has made the environment, if only in part: what it has not made, it must not replace. */
export function isOwnEnvironment(folder: string): boolean {
  return readMarker(folder) !== undefined
}

/** The path of a command of the environment. */
export function environmentCommand(folder: string, name: string): string {
  return join(folder, 'bin', name)
}

async function makeEmpty(folder: string): Promise<void> {
  if (await hasUv()) {
    const args = ['venv', '--allow-existing', '--python', '>=3.10,<3.14', folder]
    await runCommand('uv', args, { timeout: installTimeout })
    return
  }
  const { command } = await findPython()
  await runCommand(command, ['-m', 'venv', folder], { timeout: installTimeout })
}

async function install(folder: string, requirements: readonly string[]): Promise<void> {
  const python = environmentCommand(folder, 'python')
  const [command, ...args] = (await hasUv())
    ? (['uv', 'pip', 'install', '--python', python] as const)
    : ([python, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet'] as const)
  await runCommand(command, [...args, ...requirements], { timeout: installTimeout })
}

async function hasUv(): Promise<boolean> {
  try {
    await runCommand('uv', ['--version'], { timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

function isComplete(folder: string, requirements: readonly string[]): boolean {
  const marker = readMarker(folder)
  return marker?.complete === true && requirements.every((requirement) => marker.requirements.includes(requirement))
}

function readMarker(folder: string): Marker | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, markerName), 'utf8')) as Marker
  } catch {
    return undefined
  }
}

function writeMarker(folder: string, marker: Marker): void {
  writeFileSync(join(folder, markerName), `${JSON.stringify(marker)}\n`)
}
