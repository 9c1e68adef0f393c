import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How one example ended: nothing on success, else what went wrong. */
export type Outcome = string | undefined

/** One line from the child: the file that it has finished. */
export interface Report {
  readonly file: string
  readonly failure: string | undefined
}

/** Runs modules one after the other in one child process, as a user's Node would with tsx, in this working folder. */
export function runAll(files: readonly string[], folder?: string): Promise<Map<string, Outcome>> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./child.ts', import.meta.url)), ...files],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(folder === undefined ? {} : { cwd: folder }),
    },
  )
  const outcomes = new Map<string, Outcome>()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  child.on('message', (message) => {
    const { file, failure } = message as Report
    outcomes.set(file, failure === undefined ? undefined : `${failure}\n${output}`)
    output = ''
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      for (const file of files) {
        if (!outcomes.has(file)) outcomes.set(file, `the process ended with code ${code} before it was done\n${output}`)
      }
      resolve(outcomes)
    })
  })
}
