import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { inject, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** Runs a module that finds the head's address in `address`, and klaw in `klaw`, in a Node of its own. */
export function startProgram(
  source: string,
  environment: Readonly<Record<string, string>> = {},
  stderr: 'inherit' | 'pipe' = 'inherit',
): ChildProcess {
  const head = `import * as klaw from '@klaw/core'\nconst address = ${JSON.stringify(inject('rayAddress'))}\n`
  const child = spawn(process.execPath, ['--input-type=module', '-e', head + source], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', stderr],
  })
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
  return child
}

/** The first line that the program prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let printed = ''
  for await (const data of child.stdout ?? []) {
    printed += String(data)
    if (printed.includes('\n')) break
  }
  return printed.split('\n')[0] as string
}
