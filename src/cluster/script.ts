import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KlawError } from '../errors.ts'

/** The path of a script for Python. They lie in the package's folder `python/`, beside `dist/` and `src/`. */
export function script(file: string): string {
  const name = `python/klaw_cluster/${file}`
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, name)
    if (existsSync(path)) return path
    if (folder === dirname(folder)) throw new KlawError(`the package is incomplete: ${name} is missing`)
  }
}
