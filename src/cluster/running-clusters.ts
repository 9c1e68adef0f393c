import { rmSync } from 'node:fs'
import { KlawError } from '../errors.ts'
import { type ClusterRecord, readRecords, recordIsLive, removeRecord } from './cluster-record.ts'
import { stopSupervised } from './supervisor.ts'

/** A head that klaw has started on this machine and that runs now. */
export interface RunningCluster {
  /** For `connect`: `ray://127.x.y.z:port`. */
  readonly address: string
  readonly gcsAddress: string
  readonly rayVersion: string
  /** Whether it lives until it is stopped; the others end with the process that started them. */
  readonly detached: boolean
  /** Where its logs are, in `session_latest/logs`. */
  readonly folder: string
}

/** The heads that klaw has started for this user and that run now. What ended ones have left behind is removed. */
export async function listClusters(): Promise<RunningCluster[]> {
  const records = readRecords()
  for (const record of records) if (!recordIsLive(record)) forget(record)
  return records.filter(recordIsLive).map(({ address, gcsAddress, rayVersion, detached, folder }) => {
    return { address, gcsAddress, rayVersion, detached, folder }
  })
}

/**
 * Ends the head with this address, as `listClusters` gives it, with all its processes; settles when they have gone.
 *
 * @throws KlawError if klaw has started no such head, or a process could not be ended.
 */
export async function stopCluster(address: string): Promise<void> {
  const record = readRecords().find((candidate) => candidate.address === address)
  if (record === undefined) throw new KlawError(`klaw has started no Ray with the address ${address}`)
  await stopSupervised(record.supervisor, record.processes)
  forget(record)
}

function forget(record: ClusterRecord): void {
  removeRecord(record)
  rmSync(record.folder, { recursive: true, force: true })
}
