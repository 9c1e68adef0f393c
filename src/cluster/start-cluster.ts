import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterRecord, recordFile, writeRecord } from './cluster-record.ts'
import { LocalCluster } from './local-cluster.ts'
import { pickAddress, pickPorts } from './loopback.ts'
import { type ClusterOptions, checkNodeOptions, checkPlatform } from './options.ts'
import { headCommand, nodeEnvironment } from './ray-command.ts'
import { ensureRay } from './ray-installation.ts'
import { startNode } from './start-node.ts'
import { temporaryPrefix } from './user-folders.ts'

/**
 * Starts a Ray cluster of one node on this machine, on a loopback address and ports of its own, so that any number run
 * side by side. Finds a Ray, or installs one. It ends with this process, however that ends, unless it is `detached`.
 *
 * ```ts
 * // not run
 * import { startCluster } from '@klaw/core/cluster'
 *
 * await using cluster = await startCluster({ numCpus: 4 })
 * console.log(cluster.address)
 * ```
 *
 * @throws KlawError if there is no Ray and none can be installed, or if it does not start; the message says what to do
 * or holds the end of Ray's log.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  checkPlatform()
  checkNodeOptions(options)
  const { detached = false, onProgress } = options
  const ray = await ensureRay(options)
  onProgress?.(`starting Ray ${ray.version} (${ray.ray})`)
  const address = await pickAddress()
  const [gcs, client, nodeManager] = (await pickPorts(3)) as [number, number, number]
  const folder = mkdtempSync(temporaryPrefix())
  try {
    const reached = `ray://${address}:${client}`
    const head = await startNode(
      {
        python: ray.python,
        command: headCommand(ray, { address, gcs, client, nodeManager }, folder, options),
        environment: nodeEnvironment(options),
        log: join(folder, 'start.log'),
        remove: [folder, recordFile(reached)],
      },
      address,
      [gcs, client, nodeManager],
      options.startTimeout,
    )
    const record: ClusterRecord = {
      address: reached,
      gcsAddress: `${address}:${gcs}`,
      rayVersion: ray.version,
      detached,
      folder,
      supervisor: head.identity,
      processes: head.processes(),
    }
    writeRecord(record)
    if (detached) await head.detach()
    return new LocalCluster(record, ray, head, options)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
