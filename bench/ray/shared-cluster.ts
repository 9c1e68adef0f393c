import { fileURLToPath } from 'node:url'
import { type LocalCluster, startCluster } from '@klaw/core/cluster'

/** Clusters for the contenders of one benchmark, by name: the first who needs one starts it, the last who is done ends it. */
const running = new Map<string, { readonly cluster: Promise<LocalCluster>; users: number }>()

/** The cluster that all share, unless another one is named; `env` is for all of its processes. */
export function useCluster(name = 'shared', env: Readonly<Record<string, string>> = {}): Promise<LocalCluster> {
  let entry = running.get(name)
  if (entry === undefined) {
    const cluster = startCluster({
      numCpus: 8,
      objectStoreMemory: 2_000_000_000,
      pythonPath: [fileURLToPath(new URL('.', import.meta.url))],
      env,
    })
    entry = { cluster, users: 0 }
    running.set(name, entry)
  }
  entry.users++
  return entry.cluster
}

export async function leaveCluster(name = 'shared'): Promise<void> {
  const entry = running.get(name)
  if (entry === undefined || --entry.users > 0) return
  running.delete(name)
  await (await entry.cluster).stop()
}
