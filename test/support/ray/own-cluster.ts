import { readFileSync } from 'node:fs'
import { type ClusterOptions, type LocalCluster, type ProcessIdentity, startCluster } from '@klaw/core/cluster'
import { onTestFinished } from 'vitest'
import { rayOptions } from './ray-options.ts'

/** A head for one test alone, to harm as it likes: small unless told otherwise, and ended when the test has finished. */
export async function ownCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  const cluster = await startCluster({ ...rayOptions(), numCpus: 2, objectStoreMemory: 200_000_000, ...options })
  onTestFinished(() => cluster.stop())
  return cluster
}

/** Those processes of a head, or node, whose command line matches, such as `/gcs_server/` (Linux only). */
export function processesLike(owner: { processes(): ProcessIdentity[] }, pattern: RegExp): ProcessIdentity[] {
  return owner.processes().filter(({ pid }) => pattern.test(commandLine(pid)))
}

/** Kills all of a head, or node, at once, as a power failure would. */
export function killAbruptly(owner: { processes(): ProcessIdentity[] }): void {
  for (const { pid } of owner.processes()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // It has gone with one of those before it.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** Its arguments, with spaces between; empty when there is no such process (Linux only). */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
