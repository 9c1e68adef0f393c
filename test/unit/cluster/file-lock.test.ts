import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { withFileLock } from '../../../src/cluster/file-lock.ts'
import { freshCacheFolder } from './cache-folder.ts'

test('one at a time, and those who wait are told so once', async () => {
  const file = join(freshCacheFolder(), 'locks/a.lock')
  let holders = 0
  let waits = 0
  const work = async () => {
    holders += 1
    expect(holders).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    holders -= 1
  }
  await Promise.all([1, 2, 3].map(() => withFileLock(file, work, () => (waits += 1))))
  expect(waits).toBe(2)
  expect(existsSync(file)).toBe(false)
})

test('the lock of a process that has ended is taken over, even if its id is in use again', async () => {
  const file = join(freshCacheFolder(), 'locks/a.lock')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'long ago' }))
  expect(await withFileLock(file, async () => 'mine')).toBe('mine')
})

test('work that fails gives the lock back', async () => {
  const file = join(freshCacheFolder(), 'locks/a.lock')
  const failing = withFileLock(file, () => Promise.reject(new Error('on purpose')))
  await expect(failing).rejects.toThrow('on purpose')
  expect(await withFileLock(file, async () => 'next')).toBe('next')
})
