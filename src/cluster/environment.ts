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
 * Makes a virtual environment with these packages, unless it is there already and complete. Half-made ones, and those
 * that lack something, are made anew. Does so once, however many processes ask at the same time.
 *
 * @throws KlawError if there is no Python, or an installation fails.
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<void> {
  const { folder, requirements, onProgress } = options
  if (isComplete(folder, requirements)) return
  const make = async () => {
    if (isComplete(folder, requirements)) return
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeMarker(folder, { requirements, complete: false })
    try {
      await install(options)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
    writeMarker(folder, { requirements, complete: true })
  }
  await withFileLock(lockFileOf(folder), make, () => onProgress?.(`waiting for another process that makes ${folder}`))
}

/** Whether klaw has made the environment, if only in part: what it has not made, it must not replace. */
export function isOwnEnvironment(folder: string): boolean {
  return readMarker(folder) !== undefined
}

/** The path of a command of the environment. */
export function environmentCommand(folder: string, name: string): string {
  return join(folder, 'bin', name)
}

async function install({ folder, requirements, onProgress }: EnvironmentOptions): Promise<void> {
  const python = environmentCommand(folder, 'python')
  onProgress?.(`making ${folder} with ${requirements.join(', ')}; the first time this takes a few minutes`)
  if (await hasUv()) {
    await runCommand('uv', ['venv', '--allow-existing', '--python', '>=3.10,<3.14', folder], {
      timeout: installTimeout,
    })
    await runCommand('uv', ['pip', 'install', '--python', python, ...requirements], { timeout: installTimeout })
    return
  }
  const { command } = await findPython()
  await runCommand(command, ['-m', 'venv', folder], { timeout: installTimeout })
  const quiet = ['--disable-pip-version-check', '--no-input', '--quiet']
  await runCommand(python, ['-m', 'pip', 'install', ...quiet, ...requirements], { timeout: installTimeout })
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
