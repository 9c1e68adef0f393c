import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, type ProcessIdentity } from './process-table.ts'
import { clustersFolder } from './user-folders.ts'

/** What is kept on disk about a running head, so that another process can list and end it, and never anything else. */
export interface ClusterRecord {
  /** For `connect`: `ray://127.x.y.z:port`. */
  readonly address: string
  /** Of Ray's control service, where nodes and drivers in Python join: `127.x.y.z:port`. */
  readonly gcsAddress: string
  readonly rayVersion: string
  /** Whether it lives until it is stopped. The others end with the process that started them. */
  readonly detached: boolean
  /** Its logs and sockets; removed with it. */
  readonly folder: string
  /** The process above all others of the head: it ends them all when it gets SIGTERM. */
  readonly supervisor: ProcessIdentity
  /** All processes of the head when it had started, for the case that the supervisor is no more. */
  readonly processes: readonly ProcessIdentity[]
}

/** The file of the head with this address. */
export function recordFile(address: string): string {
  return join(clustersFolder(), `${address.replace(/^ray:\/\//, '').replace(':', '_')}.json`)
}

export function writeRecord(record: ClusterRecord): void {
  mkdirSync(clustersFolder(), { recursive: true })
  const file = recordFile(record.address)
  const fresh = `${file}.${process.pid}.tmp`
  // Renamed into place, so that nobody reads half of it.
  writeFileSync(fresh, `${JSON.stringify(record, undefined, 2)}\n`)
  renameSync(fresh, file)
}

export function removeRecord(record: ClusterRecord): void {
  rmSync(recordFile(record.address), { force: true })
}

/** The records of all heads of this user, those that have ended meanwhile included. */
export function readRecords(): ClusterRecord[] {
  let names: string[]
  try {
    names = readdirSync(clustersFolder())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names.flatMap((name) => {
    if (!name.endsWith('.json')) return []
    const record = parseRecord(join(clustersFolder(), name))
    return record === undefined ? [] : [record]
  })
}

/** Whether anything of it still runs. */
export function recordIsLive(record: ClusterRecord): boolean {
  return isRunning(record.supervisor) || record.processes.some(isRunning)
}

/** Undefined for a file that has gone meanwhile or that is none of ours. */
function parseRecord(file: string): ClusterRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as Partial<ClusterRecord>
    const whole = typeof record.address === 'string' && typeof record.folder === 'string'
    return whole && record.supervisor !== undefined && Array.isArray(record.processes)
      ? (record as ClusterRecord)
      : undefined
  } catch {
    return undefined
  }
}
