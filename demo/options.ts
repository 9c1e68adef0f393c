import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export interface Options {
  /** Absolute. */
  readonly paths: readonly string[]
  /** What the paths are, for people. */
  readonly input: string
  readonly workers: number
  /** Of the engine; undefined for the embedded one. */
  readonly address: string | undefined
  readonly check: boolean
  readonly json: boolean
  readonly help: boolean
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const usage = `Counts the words of files and hashes their contents on all cores.

    npm run demo -- [OPTION…] [PATH…]

PATH is a file or a folder; without one, it reads the packages that this project has installed.

    --workers N        how many counters (default: as many as there are cores)
    --check            count everything again in one plain loop and compare; exit code 1 when anything differs
    --json             print the result as JSON, and progress to the standard error
    --address ADDRESS  ray://host:port: counters are actors in that cluster, whose machines must have the same files
                       (default: threads of this process)
    --help             print this

Ctrl-C stops and prints what has been counted until then.
`

const mostWorkers = 1_000

/**
 * Reads the command line.
 *
 * @throws UsageError
 */
export function parseOptions(args: readonly string[], folder: string): Options {
  const { values, positionals } = parse(args)
  const paths = positionals.map((path) => resolve(folder, path))
  for (const path of paths) if (!existsSync(path)) throw new UsageError(`there is no file or folder ${path}`)
  return {
    paths: paths.length > 0 ? paths : installedPackages(),
    input: paths.length > 0 ? paths.join(' ') : 'the installed packages',
    workers: values.workers === undefined ? availableParallelism() : workersOf(values.workers),
    address: values.address,
    check: values.check === true,
    json: values.json === true,
    help: values.help === true,
  }
}

/** Without names that begin with a dot: those are caches and links of tools, which other programs may be writing. */
function installedPackages(): string[] {
  const folder = fileURLToPath(new URL('../node_modules', import.meta.url))
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name))
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        workers: { type: 'string' },
        check: { type: 'boolean' },
        json: { type: 'boolean' },
        address: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    // Whatever parseArgs throws is about the arguments, and says so in its message.
    throw new UsageError((error as Error).message)
  }
}

function workersOf(text: string): number {
  const workers = Number(text)
  if (!/^\d+$/.test(text) || workers < 1 || workers > mostWorkers) {
    throw new UsageError(`--workers takes a whole number from 1 to ${mostWorkers}, got '${text}'`)
  }
  return workers
}

/** The folder that relative paths mean: npm changes to the project's, and says where it was called. */
export function callersFolder(): string {
  const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env
  return script === 'demo' && folder !== undefined ? folder : process.cwd()
}
