import { readdirSync, readFileSync } from 'node:fs'
import { identify, type ProcessIdentity } from '../../../../src/cluster/process-table.ts'
import { until } from '../../../support/until.ts'

/** The very process that has this id now. */
export function processOf(pid: number): ProcessIdentity {
  const identity = identify(pid)
  if (identity === undefined) throw new Error(`there is no process ${pid}`)
  return identity
}

export function processesOf(pids: readonly number[]): ProcessIdentity[] {
  return pids.map(processOf)
}

/** Waits until nothing is left of the processes, also no zombie. */
export async function untilReaped(processes: readonly ProcessIdentity[]): Promise<void> {
  await until(() => !processes.some(({ pid, started }) => startOf(pid) === started))
}

/** What that process has started and what has not been reaped, whether it runs or not. */
export function childrenOf(parent: number): readonly number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.map(Number).filter((pid) => statusOf(pid)?.[1] === String(parent))
}

/** When it was started, of a zombie as well. */
function startOf(pid: number): string | undefined {
  return statusOf(pid)?.[19]
}

/** The fields of its state, from the third on: behind its name, which may have anything in it. */
function statusOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
