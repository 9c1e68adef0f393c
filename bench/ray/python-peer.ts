import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A Python program on the cluster that does its work on command, and says how long it took. */
export class PythonPeer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterableIterator<string>
  /** Milliseconds that `ray.init` took. */
  readonly connected: number

  private constructor(child: ChildProcess, lines: AsyncIterableIterator<string>, connected: number) {
    this.#child = child
    this.#lines = lines
    this.connected = connected
  }

  /**
   * @param kind a driver inside the cluster (address of the GCS), or Ray Client (`ray://…`)
   * @param program a file beside this one
   */
  static async start(
    python: string,
    kind: 'driver' | 'client',
    address: string,
    program: 'peer.py' | 'queue_peer.py' = 'peer.py',
  ): Promise<PythonPeer> {
    const script = fileURLToPath(new URL(`./${program}`, import.meta.url))
    const child = spawn(python, [script, kind, address], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, RAY_USAGE_STATS_ENABLED: '0' },
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return new PythonPeer(child, lines, milliseconds(await answerOf(lines)))
  }

  /** Does the work `count` times; milliseconds as measured by Python, without the way there and back. */
  async run(work: string, count: number): Promise<number> {
    return milliseconds(await this.ask(work, { count }))
  }

  /** Does the work, and returns what came of it. */
  ask(work: string, options: Readonly<Record<string, number>>): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify({ work, ...options })}\n`)
    return answerOf(this.#lines)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.stdin?.end()
    await once(this.#child, 'exit')
  }
}

/** Numbers by name; always `seconds`. */
type Answer = Readonly<Record<string, number>>

async function answerOf(lines: AsyncIterableIterator<string>): Promise<Answer> {
  const line = await lines.next()
  if (line.done === true) throw new Error('the Python program has ended')
  return JSON.parse(line.value) as Answer
}

/** How long something took. */
export function milliseconds({ seconds = Number.NaN }: Answer): number {
  return seconds * 1000
}
