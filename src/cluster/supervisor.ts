import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { KlawError } from '../errors.ts'
import { identify, isRunning, type ProcessIdentity, processTree, signalProcess } from './process-table.ts'
import { script } from './script.ts'
import { until } from './until.ts'

/** The supervisor itself takes 3 s for a gentle end and 10 s for the rest. */
const stopTimeout = 20_000
const logLines = 30

export interface SupervisorOptions {
  readonly python: string
  readonly command: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  /** Where all output goes. */
  readonly log: string
  /** Files and folders that go when the node was stopped. */
  readonly remove: readonly string[]
}

/** One Ray node with the process above it (`python/klaw_cluster/supervisor.py`), which ends it with this process. */
export class Supervisor {
  readonly identity: ProcessIdentity
  readonly #child: ChildProcess
  readonly #log: string
  /** All processes that were ever seen, for the case that the supervisor is killed and they are not below it any more. */
  #seen: readonly ProcessIdentity[] = []
  #ended = false

  constructor({ python, command, environment, log, remove }: SupervisorOptions) {
    const output = openSync(log, 'a')
    try {
      const removals = remove.flatMap((path) => ['--remove', path])
      this.#child = spawn(python, ['-u', script('supervisor.py'), ...removals, '--', ...command], {
        env: environment,
        stdio: ['pipe', output, output],
        // A terminal's Ctrl-C is for whoever started us: they decide what becomes of the node.
        detached: true,
      })
    } finally {
      closeSync(output)
    }
    this.#log = log
    this.#child.once('exit', () => {
      this.#ended = true
    })
    // Reported by `failure` and by the missing identity; a pipe that breaks means that the process has ended.
    this.#child.once('error', () => {
      this.#ended = true
    })
    this.#child.stdin?.on('error', () => undefined)
    const { pid } = this.#child
    const identity = pid === undefined ? undefined : identify(pid)
    if (identity === undefined) throw new KlawError(`cannot run ${python} to start Ray`)
    this.identity = identity
    // It must not hold up the end of this process; that end is what it waits for.
    this.#child.unref()
    ;(this.#child.stdin as unknown as { unref(): void }).unref()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** An error that says what went wrong, with the end of the log. */
  failure(what: string): KlawError {
    const lines = readFileSync(this.#log, 'utf8').trimEnd().split('\n')
    return new KlawError(`${what}; the end of its log:\n${lines.slice(-logLines).join('\n')}`)
  }

  /** From now on the node lives until it is stopped, whatever becomes of this process. */
  async detach(): Promise<void> {
    const line = this.#child.stdin as Writable
    line.end('detach\n')
    // Rejects when the supervisor ends before it has read this.
    await finished(line)
  }

  /** The supervisor and all processes of the node, as of now. */
  processes(): ProcessIdentity[] {
    const found = processTree(this.identity)
    this.#seen = [...this.#seen.filter(isRunning), ...found]
    return found
  }

  /** Ends the node with all its processes. */
  async stop(): Promise<void> {
    this.processes()
    await stopSupervised(this.identity, this.#seen)
  }
}

/**
 * Ends a supervisor with all that is below it, and, should it have been killed, those of `known` that still run, with all
 * that is below them.
 *
 * @throws KlawError if something is still there after 20 s.
 */
export async function stopSupervised(supervisor: ProcessIdentity, known: readonly ProcessIdentity[]): Promise<void> {
  const all = [supervisor, ...known].flatMap(processTree)
  signalProcess(supervisor, 'SIGTERM')
  const gone = await until(() => !isRunning(supervisor), stopTimeout)
  if (!gone || all.some(isRunning)) for (const identity of all) signalProcess(identity, 'SIGKILL')
  if (await until(() => !all.some(isRunning), stopTimeout)) return
  const left = all.filter(isRunning).map(({ pid }) => pid)
  throw new KlawError(`processes ${left.join(', ')} of Ray could not be ended`)
}
