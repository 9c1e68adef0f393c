import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same id: the time of its start is part of it. */
export interface ProcessIdentity {
  readonly pid: number
  /** As the system tells it; only good for comparing. */
  readonly started: string
}

interface ProcessEntry extends ProcessIdentity {
  readonly parent: number
  /** It has ended, and only its parent has not taken note yet. */
  readonly ended: boolean
}

/** The process with this id that runs now; undefined if there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const entry = process.platform === 'linux' ? readEntry(pid) : listing().find((candidate) => candidate.pid === pid)
  return entry === undefined || entry.ended ? undefined : { pid, started: entry.started }
}

/** Whether that very process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started
}

/** That process, if it runs, and all below it. */
export function processTree(root: ProcessIdentity): ProcessIdentity[] {
  if (!isRunning(root)) return []
  const children = new Map<number, ProcessEntry[]>()
  for (const entry of listing()) {
    const siblings = children.get(entry.parent)
    if (siblings === undefined) children.set(entry.parent, [entry])
    else siblings.push(entry)
  }
  const found: ProcessIdentity[] = [root]
  for (const { pid } of found) {
    for (const child of children.get(pid) ?? [])
      if (!child.ended) found.push({ pid: child.pid, started: child.started })
  }
  return found
}

/** Sends a signal to that very process; nothing happens if it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function listing(): ProcessEntry[] {
  if (process.platform !== 'linux') return psListing()
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return ids.map((id) => readEntry(Number(id))).filter((entry) => entry !== undefined)
}

function readEntry(pid: number): ProcessEntry | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent = ''] = fields
  return { pid, parent: Number(parent), started: fields[19] ?? '', ended: state === 'Z' || state === 'X' }
}

function psListing(): ProcessEntry[] {
  const output = execFileSync('ps', ['-axo', 'pid=,ppid=,stat=,lstart='], { encoding: 'utf8' })
  return output.split('\n').flatMap((line) => {
    const [, pid, parent, state, started] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    if (pid === undefined || parent === undefined || state === undefined || started === undefined) return []
    return [{ pid: Number(pid), parent: Number(parent), started: started.trim(), ended: state.startsWith('Z') }]
  })
}
