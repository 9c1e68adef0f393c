import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A folder of files, as a user's project would be. */
export interface Project extends AsyncDisposable {
  readonly folder: string
  path(name: string): string
  url(name: string): string
  write(files: Readonly<Record<string, string>>): Promise<void>
}

export async function makeProject(files: Readonly<Record<string, string>>): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'klaw-code-'))
  const write = async (some: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(some)) {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    }
  }
  await write(files)
  return {
    folder,
    path: (name) => join(folder, name),
    url: (name) => pathToFileURL(join(folder, name)).href,
    write,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
