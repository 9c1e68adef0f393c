import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { inject, onTestFinished } from 'vitest'

/** A plain program of Ray's in Python, which knows nothing of klaw. What it prints comes line by line. */
export class PythonDriver {
  readonly #lines: AsyncIterator<string>
  readonly #exited: Promise<unknown>

  /** Runs a program that is connected to the head of the tests already, and finds `ray`. */
  constructor(namespace: string, source: string) {
    const head = [
      'import ray',
      `ray.init(${JSON.stringify(inject('rayGcsAddress'))}, namespace=${JSON.stringify(namespace)}, logging_level='ERROR', log_to_driver=False)`,
      'def say(text):',
      "    print(' / '.join(str(text).splitlines()), flush=True)",
      "try:\n    import klaw_agent\nexcept ImportError:\n    say('plain')",
    ]
    const { PYTHONPATH: _, ...environment } = process.env
    // Elsewhere than in the repository, whose Python packages would be found.
    const child = spawn(inject('rayPython'), ['-u', '-c', `${head.join('\n')}\n${source}`], {
      cwd: tmpdir(),
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#exited = once(child, 'exit')
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await this.#exited
    })
  }

  /** The next line that it says. */
  async says(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('the program has said all that it had to say')
    return value
  }

  /** Waits for its end. */
  async end(): Promise<void> {
    await this.#exited
  }
}
