import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { KlawError } from '../../errors.ts'

/** Where `python/` lies: beside `dist/`, in which everything is one level deep, and beside `src/`. */
const places = ['../python/', '../../../python/']
const packageName = 'klaw_agent'

/**
 * The agent's Python package: the text of its modules by their path, `klaw_agent/agent.py`.
 *
 * @throws {KlawError} when it was not installed with this package
 */
export async function agentSources(): Promise<ReadonlyMap<string, string>> {
  for (const place of places) {
    const folder = fileURLToPath(new URL(place, import.meta.url))
    const paths = await modulesIn(folder)
    if (paths.length === 0) continue
    const texts = await Promise.all(paths.map((path) => readFile(`${folder}${path}`, 'utf8')))
    return new Map(paths.map((path, index) => [path, texts[index] as string]))
  }
  throw new KlawError(`the agent's Python package, ${packageName}, was not found beside this package's files`)
}

async function modulesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(`${folder}${packageName}`, { recursive: true })
    return entries
      .map((entry) => `${packageName}/${entry.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.py'))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
