import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))

/** A program in a Node of its own, with what it says line by line, and when it is to die. */
export class Child {
  /** What it has said: lines of a word and a number, by the word. */
  readonly said = new Map<string, number[]>()
  readonly #process: ChildProcess
  #ended = false
  #heard: (() => void)[] = []

  /**
   * Runs a module that finds the session in `session`, and klaw in `klaw`; `say(word, number)` tells the test something. Nothing of its sessions is left
   * a second after its end.
   */
  constructor(source: string) {
    const head = `
      import * as klaw from '@klaw/core'
      const say = (word, number = 0) => process.stdout.write(word + ' ' + number + '\\n')
      const session = await klaw.connect(${JSON.stringify(inject('rayAddress'))}, { gracePeriod: 1_000, timeout: 60_000 })
      `
    this.#process = spawn(process.execPath, ['--input-type=module', '-e', head + source], {
      cwd: root,
      env: { ...process.env, RAY_CLIENT_RECONNECT_GRACE_PERIOD: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })
    lines.on('line', (line) => this.#hear(line))
    lines.on('close', () => {
      this.#ended = true
      this.#wake()
    })
    onTestFinished(() => this.kill())
  }

  numbers(word: string): readonly number[] {
    return this.said.get(word) ?? []
  }

  /** Waits until it has said the word so many times. */
  async untilSaid(word: string, times = 1): Promise<void> {
    while (this.numbers(word).length < times) {
      if (this.#ended) throw new Error(`the program has ended before it said '${word}'`)
      await this.#news()
    }
  }

  /** Tells it something. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Kills it, and waits for everything that it has said before. */
  async kill(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL')
      await once(this.#process, 'exit')
    }
    while (!this.#ended) await this.#news()
  }

  #hear(line: string): void {
    const [word, number] = line.split(' ') as [string, string]
    const numbers = this.said.get(word)
    if (numbers === undefined) this.said.set(word, [Number(number)])
    else numbers.push(Number(number))
    this.#wake()
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#heard.push(resolve))
  }

  #wake(): void {
    for (const heard of this.#heard.splice(0)) heard()
  }
}
