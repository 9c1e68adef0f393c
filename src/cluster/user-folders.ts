import { createHash } from 'node:crypto'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where klaw keeps what it can make anew: `klaw` in the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: cache } = environment
  // The XDG specification: a relative path is to be ignored.
  return join(cache?.startsWith('/') === true ? cache : join(homedir(), '.cache'), 'klaw')
}

/** Where the records of running heads are. */
export function clustersFolder(): string {
  return join(cacheFolder(), 'clusters')
}

/** The lock of whoever changes the given folder. */
export function lockFileOf(folder: string): string {
  return join(cacheFolder(), 'locks', `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.lock`)
}

/** Ray puts sockets below its temporary folder, and a socket's path holds at most 107 bytes (103 on macOS). */
const longestTemporaryFolder = 20

/** The prefix of a new temporary folder whose path is short enough for Ray. */
export function temporaryPrefix(): string {
  const folder = tmpdir()
  return join(folder.length <= longestTemporaryFolder ? folder : '/tmp', 'klaw-')
}
