import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type Awaitable, ChannelClosed, type WaitOptions } from '@klaw/core'
import { reasonOf, type Unreadable } from './unreadable.ts'

/** Where names of files go: the sender of a channel, or what puts several into a message. */
export interface FileSink {
  send(path: string, options: WaitOptions): Promise<void>
  /** Sends what it has put aside. */
  flush?(options: WaitOptions): Promise<void>
  close(): Awaitable<void>
}

/**
 * Sends the name of every file through the channel, then closes it.
 *
 * The channel is bounded: while the counters are busy, `send` waits, and so does the walk. However many files there are,
 * no more than the channel's capacity are under way.
 */
export async function sendFiles(
  paths: readonly string[],
  files: FileSink,
  refuse: (unreadable: Unreadable) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const path of listFiles(paths, refuse)) await files.send(path, { signal })
    await files.flush?.({ signal })
  } catch (error) {
    // No counter is left, which is for those who started them to explain, or the signal has aborted.
    if (!(error instanceof ChannelClosed) && !signal.aborted) throw error
  } finally {
    await files.close()
  }
}

/** How many files {@link listFiles} will list: the same walk, without anything that holds it up. */
export async function countFiles(paths: readonly string[], signal: AbortSignal): Promise<number> {
  let count = 0
  for await (const _ of listFiles(paths, () => {})) {
    count += 1
    if (signal.aborted) break
  }
  return count
}

/**
 * Lists the files at and below the paths, each under one name and in a settled order.
 *
 * A link is followed when it leads out of the paths; otherwise the walk reaches its target anyway. A link to a folder in which
 * it stands itself would make the walk endless: it is refused, as is whatever is neither a file nor a folder.
 */
export async function* listFiles(
  paths: readonly string[],
  refuse: (unreadable: Unreadable) => void,
): AsyncGenerator<string, void, undefined> {
  const roots = await distinctRoots(paths, refuse)
  const walked = new Set<string>()
  for (const root of roots) {
    if (!root.stats.isDirectory()) {
      if (root.stats.isFile()) yield root.path
      else refuse({ path: root.path, reason: notAFile })
      continue
    }
    const folders: Folder[] = [root]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      if (walked.has(folder.real)) continue
      walked.add(folder.real)
      for (const entry of await entriesOf(folder, refuse)) {
        const path = join(folder.path, entry.name)
        if (entry.isFile()) yield path
        else if (entry.isDirectory()) folders.push({ path, real: join(folder.real, entry.name) })
        else if (!entry.isSymbolicLink()) refuse({ path, reason: notAFile })
        else {
          const target = await follow(path, folder.real, roots, refuse)
          if (target?.stats.isFile()) yield path
          else if (target?.stats.isDirectory()) folders.push(target)
          else if (target !== undefined) refuse({ path, reason: notAFile })
        }
      }
    }
  }
}

const notAFile = 'neither a file nor a folder'

interface Folder {
  /** As it is named in reports. */
  readonly path: string
  /** Without any link in it. */
  readonly real: string
}

interface Target extends Folder {
  readonly stats: Stats
}

/** What the paths lead to, without those that lie inside another. */
async function distinctRoots(paths: readonly string[], refuse: (unreadable: Unreadable) => void): Promise<Target[]> {
  const roots: Target[] = []
  for (const path of paths) {
    try {
      const real = await realpath(path)
      if (roots.every((root) => root.real !== real)) roots.push({ path, real, stats: await stat(real) })
    } catch (error) {
      refuse({ path, reason: reasonOf(error) })
    }
  }
  return roots.filter((root) => roots.every((other) => other === root || !contains(other.real, root.real)))
}

async function entriesOf(folder: Folder, refuse: (unreadable: Unreadable) => void): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder.path, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    refuse({ path: folder.path, reason: reasonOf(error) })
    return []
  }
}

/** Where a link in `folder` leads, if the walk would not get there without it. */
async function follow(
  path: string,
  folder: string,
  roots: readonly Target[],
  refuse: (unreadable: Unreadable) => void,
): Promise<Target | undefined> {
  try {
    const real = await realpath(path)
    if (contains(real, folder)) {
      refuse({ path, reason: `a link back to ${real}` })
      return undefined
    }
    if (roots.some((root) => contains(root.real, real))) return undefined
    return { path, real, stats: await stat(real) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    refuse({ path, reason: code === 'ENOENT' ? 'a link to nothing (ENOENT)' : reasonOf(error) })
    return undefined
  }
}

function contains(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
