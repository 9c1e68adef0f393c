import { spawn } from 'node:child_process'
import { KlawError } from '../errors.ts'

const minute = 60_000

/** How much of a program's output is kept for an error message. */
const keptCharacters = 4_000

export interface CommandOptions {
  readonly folder?: string
  readonly environment?: NodeJS.ProcessEnv
  /** Milliseconds after which the program is killed; a minute unless told otherwise. */
  readonly timeout?: number
}

/**
 * Runs a program to its end and returns what it printed.
 *
 * @throws KlawError if it cannot be started, fails, or takes too long; the message holds the end of its output.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { folder, environment = process.env, timeout = minute } = options
  const shown = [command, ...args].join(' ')
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(folder === undefined ? {} : { cwd: folder }),
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let late = false
    const deadline = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeout)
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (cause) => {
      clearTimeout(deadline)
      reject(new KlawError(`cannot run ${shown}: ${cause.message}`, { cause }))
    })
    child.once('close', (code, signal) => {
      clearTimeout(deadline)
      if (code === 0) return resolve(output)
      const how = late ? `did not end within ${timeout / 1_000} s` : `ended with ${code ?? signal}`
      reject(new KlawError(`${shown} ${how}\n${output.slice(-keptCharacters).trim()}`.trim()))
    })
  })
}
