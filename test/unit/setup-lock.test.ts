import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withLock } from '../../scripts/lib/lock.mjs'

test('only one holds the lock, and the others are told that they wait', async () => {
  const file = lockFile()
  let holders = 0
  let waits = 0
  const work = async () => {
    holders += 1
    expect(holders).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    holders -= 1
    return 'done'
  }
  const all = [1, 2, 3].map(() => withLock(file, work, () => (waits += 1)))
  expect(await Promise.all(all)).toEqual(['done', 'done', 'done'])
  expect(waits).toBe(2)
  expect(existsSync(file)).toBe(false)
})

test('work that throws gives the lock back', async () => {
  const file = lockFile()
  const failing = withLock(file, () => {
    throw new Error('on purpose')
  })
  await expect(failing).rejects.toThrow('on purpose')
  expect(await withLock(file, () => 'next')).toBe('next')
})

test('the lock of a process that has ended is taken over', async () => {
  const file = lockFile()
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(file, String(pid))
  expect(await withLock(file, () => 'mine')).toBe('mine')
})

test('so is one that a crash left empty', async () => {
  const file = lockFile()
  writeFileSync(file, '')
  utimesSync(file, new Date(0), new Date(0))
  expect(await withLock(file, () => 'mine')).toBe('mine')
})

function lockFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'lock')
}
