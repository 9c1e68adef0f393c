import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isRunning, type ProcessIdentity } from './process-table.ts'

/** A lock file without a holder in it is being written; one that stays so for this long was left by a crash. */
const writingMs = 5_000
const pollMs = 100

/**
 * Runs `work` while holding a lock file, so that no two processes of this machine do it at once.
 * A lock whose process has ended is taken over. `onWait` is called once if somebody else holds it.
 */
export async function withFileLock<Value>(
  file: string,
  work: () => Promise<Value>,
  onWait?: () => void,
): Promise<Value> {
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  while (!tryLock(file)) {
    if (isStale(file)) {
      rmSync(file, { force: true })
      continue
    }
    if (!told) onWait?.()
    told = true
    await sleep(pollMs)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function tryLock(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify(identify(process.pid)), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function isStale(file: string): boolean {
  try {
    const text = readFileSync(file, 'utf8')
    if (text === '') return Date.now() - statSync(file).mtimeMs > writingMs
    return !isRunning(JSON.parse(text) as ProcessIdentity)
  } catch (error) {
    // Released just now: the next try decides.
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
