import { fileURLToPath } from 'node:url'
import { type LocalCluster, startCluster } from '@klaw/core/cluster'

/** A cluster for all contenders of one benchmark: the first who needs it starts it, the last who is done ends it. */
let running: { readonly cluster: Promise<LocalCluster>; users: number } | undefined

export async function useCluster(): Promise<LocalCluster> {
  running ??= {
    cluster: startCluster({
      numCpus: 8,
      objectStoreMemory: 2_000_000_000,
      pythonPath: [fileURLToPath(new URL('.', import.meta.url))],
    }),
    users: 0,
  }
  running.users++
  return running.cluster
}

export async function leaveCluster(): Promise<void> {
  if (running === undefined || --running.users > 0) return
  const { cluster } = running
  running = undefined
  await (await cluster).stop()
}
