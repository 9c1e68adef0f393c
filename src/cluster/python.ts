import { KlawError } from '../errors.ts'
import { runCommand } from './run-command.ts'

/** A Python that can run Ray. */
export interface PythonInstallation {
  /** The command or path that starts it. */
  readonly command: string
  readonly version: string
}

/** The minor versions of Python 3 that the supported Rays run on, newest first. */
const minors = [13, 12, 11, 10]

const names = [...minors.map((minor) => `python3.${minor}`), 'python3', 'python']

const question = 'import sys; print("%d.%d.%d" % sys.version_info[:3])'

/**
 * The newest Python 3.10 to 3.13 on the PATH. Each candidate is run, since a name on the PATH may be a mere placeholder.
 *
 * @throws KlawError if there is none.
 */
export async function findPython(): Promise<PythonInstallation> {
  const answers = await Promise.all(names.map(ask))
  const [best] = answers.filter((answer) => answer !== undefined).sort((a, b) => minorOf(b) - minorOf(a))
  if (best !== undefined) return best
  throw new KlawError(
    'no Python 3.10 to 3.13 was found on the PATH; install one, or install uv (https://docs.astral.sh/uv)',
  )
}

/** The version that a Python says it has; undefined if it does not run or is none of those that Ray runs on. */
async function ask(command: string): Promise<PythonInstallation | undefined> {
  try {
    const version = (await runCommand(command, ['-c', question], { timeout: 10_000 })).trim()
    return /^3\.\d+\.\d+$/.test(version) && minors.includes(minorOf({ version })) ? { command, version } : undefined
  } catch {
    return undefined
  }
}

function minorOf({ version }: { readonly version: string }): number {
  return Number(version.split('.')[1])
}
