import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds after which it would have come. */
const longest = 20_000
/** Milliseconds between two looks; a worker that has used no processor time in between has started. */
const look = 100

/**
 * Waits until the node of a worker of Ray's has an idle worker too, which does nothing any more. Linux only.
 *
 * @throws Error when there is none after a while
 */
export async function untilWorkerIsReady(beside: number): Promise<void> {
  const raylet = fieldsOf(beside)?.[parent]
  const deadline = performance.now() + longest
  let before = new Map<number, string>()
  while (performance.now() < deadline) {
    const now = idleWorkersOf(raylet)
    for (const [id, used] of now) if (before.get(id) === used) return
    before = now
    await sleep(look)
  }
  throw new Error(`the actor has no worker ready for the next one after ${longest} ms`)
}

/** Process ids, with the processor time that they have used. */
function idleWorkersOf(raylet: string | undefined): Map<number, string> {
  const found = new Map<number, string>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = fieldsOf(Number(name))
    if (fields?.[parent] === raylet && isIdle(name))
      found.set(Number(name), fields?.slice(userTime, systemTime + 1).join(' ') ?? '')
  }
  return found
}

function isIdle(id: string): boolean {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'latin1').startsWith('ray::IDLE')
  } catch {
    // It has just ended.
    return false
  }
}

/** Places in the list of a process' fields. */
const parent = 1
const userTime = 11
const systemTime = 12

/** The fields of a process, from its state on: behind its name, which may have anything in it. */
function fieldsOf(id: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${id}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
