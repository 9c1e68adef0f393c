import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Arrived } from './arrivals.ts'
import type { Order, Word } from './orders.ts'
import type { SideAddress } from './side.ts'

const program = fileURLToPath(new URL('./party-main.ts', import.meta.url))

interface Pending {
  resolve(value: number | readonly number[] | undefined): void
  reject(error: Error): void
}

/** A process of its own that sends, receives or answers. */
export class Party {
  readonly #child: ChildProcess
  readonly #name: string
  #pending: Pending | undefined
  #failure: Error | undefined
  /** Told of every report, and of the process' end, if nobody waits for an answer then. */
  watcher: { arrived(arrived: Arrived): void; failed(error: Error): void } | undefined

  private constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.#name = name
    child.on('message', (message) => this.#heard(message as Word))
    child.once('exit', (code, signal) => this.#fail(`it ended with ${signal ?? `code ${code}`}`))
    child.once('error', (error) => this.#fail(error.message))
  }

  /** Starts a process that is connected. */
  static async start(address: SideAddress, name: string): Promise<Party> {
    const child = fork(program, [JSON.stringify(address)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const party = new Party(child, name)
    await party.#answer()
    return party
  }

  /** One thing at a time. */
  order(order: Order): Promise<number | readonly number[] | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#child.send(order)
    return this.#answer()
  }

  /** Ends the process, whatever it does. */
  async stop(): Promise<void> {
    this.watcher = undefined
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    if (this.#pending !== undefined) this.#child.kill('SIGKILL')
    else this.order({ t: 'close' }).catch(() => this.#child.kill('SIGKILL'))
    await ended
  }

  #answer(): Promise<number | readonly number[] | undefined> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
    })
  }

  #heard(word: Word): void {
    if (word.t === 'arrived') {
      this.watcher?.arrived(word.arrived)
      return
    }
    const pending = this.#pending
    this.#pending = undefined
    if (word.t === 'failed') pending?.reject(new Error(`${this.#name}: ${word.message}`))
    else pending?.resolve(word.t === 'done' ? word.value : undefined)
  }

  #fail(message: string): void {
    const error = new Error(`${this.#name}: ${message}`)
    this.#failure ??= error
    const pending = this.#pending
    this.#pending = undefined
    if (pending !== undefined) pending.reject(error)
    else this.watcher?.failed(error)
  }
}
