import { pathToFileURL } from 'node:url'
import type { Report } from './run-all.ts'

/** An example shows one thing; one that takes this many milliseconds hangs. */
const limitMs = 60_000

/** Runs the modules that its arguments name, one after the other, and tells the parent how each ended. */
let unhandled: string | undefined
process.on('unhandledRejection', (reason) => {
  unhandled = `unhandled rejection: ${textOf(reason)}`
})
process.on('uncaughtException', (error) => {
  unhandled = `uncaught exception: ${textOf(error)}`
})

for (const file of process.argv.slice(2)) {
  unhandled = undefined
  const failure = await run(file)
  // A rejection counts as unhandled only once the turn that made it is over.
  await new Promise((resolve) => setImmediate(resolve))
  await tell({ file, failure: failure ?? unhandled })
}
process.exit(0)

async function run(file: string): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not done after ${limitMs / 1000} s`), limitMs)
  })
  const ended = import(pathToFileURL(file).href).then(() => undefined, textOf)
  const failure = await Promise.race([ended, late])
  clearTimeout(timer)
  return failure
}

function tell(report: Report): Promise<void> {
  return new Promise((resolve) => process.send?.(report, undefined, undefined, () => resolve()))
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}
