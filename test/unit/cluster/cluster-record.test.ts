import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ClusterRecord, readRecords, recordFile, writeRecord } from '../../../src/cluster/cluster-record.ts'
import { identify } from '../../../src/cluster/process-table.ts'
import { listClusters, stopCluster } from '../../../src/cluster.ts'
import { freshCacheFolder } from './cache-folder.ts'

function record(cache: string, given: Partial<ClusterRecord> = {}): ClusterRecord {
  const folder = join(cache, 'logs')
  mkdirSync(folder, { recursive: true })
  const supervisor = identify(process.pid)!
  const gcsAddress = '127.20.0.2:24000'
  const address = 'ray://127.20.0.2:24001'
  return { address, gcsAddress, rayVersion: '2.60.0', detached: true, folder, supervisor, processes: [], ...given }
}

test('what is written is read', () => {
  const cache = freshCacheFolder()
  expect(readRecords()).toEqual([])
  const written = record(cache)
  writeRecord(written)
  expect(readRecords()).toEqual([written])
  expect(recordFile(written.address)).toBe(join(cache, 'klaw/clusters/127.20.0.2_24001.json'))
})

test('files that are no records are passed over', () => {
  const cache = freshCacheFolder()
  writeRecord(record(cache))
  for (const [name, text] of [
    ['half.json', '{"address": "ray://'],
    ['other.json', '{"name": 1}'],
    ['notes.txt', 'hello'],
  ] as const) {
    writeFileSync(join(cache, 'klaw/clusters', name), text)
  }
  expect(readRecords()).toHaveLength(1)
})

test('a head that has ended is not listed, and its files go, even if its process ids are in use again', async () => {
  const cache = freshCacheFolder()
  // This very process has that id, but has not started then.
  const reused = { pid: process.pid, started: 'long ago' }
  const ended = record(cache, { supervisor: reused, processes: [reused] })
  writeRecord(ended)
  await stopCluster(ended.address)
  writeRecord(ended)
  expect(await listClusters()).toEqual([])
  expect(existsSync(ended.folder)).toBe(false)
  expect(existsSync(recordFile(ended.address))).toBe(false)
})

test('what klaw has not started it does not stop', async () => {
  freshCacheFolder()
  await expect(stopCluster('ray://127.0.0.9:10001')).rejects.toThrow(
    'klaw has started no Ray with the address ray://127.0.0.9:10001',
  )
})
