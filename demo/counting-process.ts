import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RayAddress } from './options.ts'

/** A channel as two processes have to open it, so that both get the same one. */
export interface NamedChannel {
  readonly name: string
  readonly capacity: number
  readonly lifetime: 'session'
}

/** What a process holds that dies is given to another one at once; there is no need to guess how long a job may take. */
export const acknowledged = { ack: 'manual', ackTimeout: Number.POSITIVE_INFINITY } as const

/** What a counting process is told first. */
export interface CountingTask {
  readonly address: RayAddress
  readonly counter: number
  readonly jobs: NamedChannel
  readonly results: NamedChannel
}

/** A Node process that counts, as its parent sees it. It ends by itself when its parent is gone. */
export class CountingProcess {
  readonly counter: number
  /** Settles when it has opened the channels; rejects when it ends before. */
  readonly ready: Promise<void>
  /** Settles when it has ended, with why it did so too early, if it did. */
  readonly end: Promise<string | undefined>
  readonly #child: ChildProcess

  constructor(task: CountingTask) {
    this.counter = task.counter
    this.#child = fork(fileURLToPath(new URL('./counting-main.ts', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    // What is sent to a process that has just ended: it is known by its end.
    this.#child.on('error', () => {})
    this.end = this.#ended()
    this.ready = this.#opened()
    this.#child.send(task, () => {})
  }

  /** Asks it to finish the file that it is at, and to end. */
  stop(): void {
    if (this.#child.connected) this.#child.send('stop', () => {})
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #ended(): Promise<string | undefined> {
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code === 0 ? undefined : (signal ?? `exit code ${code}`)
  }

  async #opened(): Promise<void> {
    const early = this.end.then((failure) => {
      throw new Error(`counter ${this.counter} ended before it had begun: ${failure ?? 'exit code 0'}`)
    })
    await Promise.race([once(this.#child, 'message'), early])
  }
}
