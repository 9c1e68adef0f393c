import { createHash } from 'node:crypto'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Zippable, zipSync } from 'fflate'
import ignore, { type Ignore } from 'ignore'
import { KlawError } from '../../errors.ts'

/** Bytes of all files of a folder together. Ray's own limit is near; more belongs into storage that the cluster reaches. */
const largestFolder = 100 * 1024 * 1024
/** What Ray leaves out, and what is of no use to Python. */
const alwaysExcluded = ['.git', '.venv', 'venv', '__pycache__', 'node_modules']
/** Files that say what else to leave out, of the folder that they are in. */
const ignoreFiles = ['.gitignore', '.rayignore']
/** The same files make the same package, whenever they were touched. */
const mtime = new Date(1980, 0, 2)
const unix = 3

/** A folder as the cluster takes it. */
export interface FolderPackage {
  /** Names the contents: `gcs://_ray_pkg_<hash>.zip`. */
  readonly uri: string
  readonly contents: Uint8Array
}

/** What of a folder goes into its package. */
export interface PackageOptions {
  /** Names the option in errors. */
  readonly what: string
  /** Patterns as in `.gitignore`. */
  readonly excludes: readonly string[]
  /** Whether the folder itself is in the package, as a Python package has to be, or only what is in it. */
  readonly withName: boolean
}

interface Rules {
  /** Below the packed folder, with a slash at its end unless it is the packed folder. */
  readonly base: string
  readonly rules: Ignore
}

interface Found {
  readonly files: Map<string, { readonly bytes: Uint8Array; readonly mode: number }>
  bytes: number
}

/**
 * Packs a folder, without what is excluded.
 *
 * @throws RangeError when it is no folder, KlawError when it is too large
 */
export async function packFolder(folder: string, options: PackageOptions): Promise<FolderPackage> {
  const { what, excludes, withName } = options
  if (!(await isFolder(folder))) throw new RangeError(`${what} must be a folder, or a URI, got '${folder}'`)
  const found: Found = { files: new Map(), bytes: 0 }
  const rules = [{ base: '', rules: ignore().add([...alwaysExcluded, ...excludes]) }]
  await collect(folder, '', rules, [await realpath(folder)], found, what)
  const prefix = withName ? `${basename(await realpath(folder))}/` : ''
  const hash = createHash('sha256')
  const entries: Zippable = {}
  for (const path of [...found.files.keys()].sort()) {
    const { bytes, mode } = found.files.get(path) as { bytes: Uint8Array; mode: number }
    hash.update(`${prefix}${path}\0${mode}\0${bytes.byteLength}\0`).update(bytes)
    // Stored: whoever waits for the session would wait longer for the compression than for the network.
    entries[`${prefix}${path}`] = [bytes, { level: 0, mtime, os: unix, attrs: mode << 16 }]
  }
  return { uri: `gcs://_ray_pkg_${hash.digest('hex').slice(0, 32)}.zip`, contents: zipSync(entries) }
}

async function collect(
  folder: string,
  path: string,
  outer: readonly Rules[],
  chain: readonly string[],
  found: Found,
  what: string,
): Promise<void> {
  const entries = await readdir(folder)
  const rules = [...outer]
  for (const name of ignoreFiles) {
    if (entries.includes(name))
      rules.push({ base: path, rules: ignore().add(await readFile(join(folder, name), 'utf8')) })
  }
  for (const name of entries.sort()) {
    const inner = join(folder, name)
    const about = await statOf(inner)
    const isDirectory = about?.isDirectory() === true
    if (about === undefined || isExcluded(`${path}${name}${isDirectory ? '/' : ''}`, rules)) continue
    if (isDirectory) {
      const real = await realpath(inner)
      // A link back to a folder around it has no end.
      if (!chain.includes(real)) await collect(inner, `${path}${name}/`, rules, [...chain, real], found, what)
    } else if (about.isFile()) {
      found.bytes += about.size
      if (found.bytes > largestFolder) {
        throw new KlawError(
          `${what} has more than ${largestFolder / 1024 / 1024} MiB: exclude what is not needed by 'excludes' or .rayignore, or keep it where the cluster reaches it`,
        )
      }
      found.files.set(`${path}${name}`, { bytes: await readFile(inner), mode: about.mode })
    }
  }
}

function isExcluded(path: string, rules: readonly Rules[]): boolean {
  return rules.some(({ base, rules: own }) => own.ignores(path.slice(base.length)))
}

/** Undefined for a link to nowhere. */
async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory() === true
}
