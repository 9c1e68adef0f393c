import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** From the last line that it printed to its end. */
  readonly lingered: number
}

/** Runs a script in a Node of its own. */
export function runProgram(script: URL, ...nodeArguments: string[]): Promise<ProgramEnd> {
  return runNode([...nodeArguments, fileURLToPath(script)])
}

/** Runs a Node of its own, and ends it after 20 seconds. */
export async function runNode(nodeArguments: readonly string[]): Promise<ProgramEnd> {
  const child = spawn(process.execPath, nodeArguments, { stdio: ['ignore', 'pipe', 'pipe'] })
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let lastPrinted = performance.now()
  child.stdout.on('data', () => {
    lastPrinted = performance.now()
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  clearTimeout(deadline)
  return { code, stdout, stderr, lingered: performance.now() - lastPrinted }
}
