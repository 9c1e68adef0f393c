import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findPython } from '../../src/cluster/python.ts'

const program = fileURLToPath(new URL('./relay.py', import.meta.url))

/** A process that passes bytes on. */
export class Relay {
  readonly port: string
  readonly #child: ChildProcess

  private constructor(port: string, child: ChildProcess) {
    this.port = port
    this.#child = child
  }

  static async start(): Promise<Relay> {
    const { command } = await findPython()
    const child = spawn(command, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const [port] = await Promise.race([once(lines, 'line'), once(child, 'exit')])
    if (typeof port !== 'string') throw new Error(`the relay ended at once, with code ${port}`)
    return new Relay(port, child)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}
