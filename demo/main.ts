/**
 * Counts the words of files and hashes their contents on all cores: with actors, on threads or in a Ray cluster, that are fed through channels.
 *
 *     npm run demo -- --help
 */
import { connect, type Runtime } from '@klaw/core'
import { differences } from './check.ts'
import { onInterrupt } from './interrupt.ts'
import { runOneThread } from './one-thread.ts'
import { callersFolder, type Options, parseOptions, UsageError, usage } from './options.ts'
import { type PipelineResult, runPipeline } from './pipeline.ts'
import type { Screen } from './progress.ts'
import { reportJson, reportText } from './report.ts'

const exitCodes = { ok: 0, failed: 1, wrongUsage: 2, interrupted: 130 }

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args, callersFolder())
    if (!options.help) return await run(options)
    process.stdout.write(usage)
    return exitCodes.ok
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`demo: ${error.message}\nTry: npm run demo -- --help\n`)
      return exitCodes.wrongUsage
    }
    console.error('demo failed:', error)
    return exitCodes.failed
  }
}

async function run(options: Options): Promise<number> {
  using interrupt = onInterrupt()
  const { signal } = interrupt
  const screen = options.json ? process.stderr : process.stdout
  screen.write(`Counters, each ${placeOf(options)}: ${options.workers}. They read ${options.input}.\n`)
  screen.write('A text file has no NUL byte in its first 8 KB; a word is a run of letters, in upper or lower case.\n')

  const pipeline = await countEverything(options, screen, signal)
  const oneThread = signal.aborted ? undefined : await runOneThread(options, pipeline, screen, signal)
  const interrupted = signal.aborted
  const finished = interrupted ? undefined : oneThread
  const compared = options.check && finished !== undefined ? differences(pipeline.totals, finished.totals) : undefined

  const outcome = { options, interrupted, pipeline, oneThread: finished, differences: compared }
  process.stdout.write(options.json ? reportJson(outcome) : reportText(outcome))
  if (interrupted) return exitCodes.interrupted
  return compared !== undefined && compared.length > 0 ? exitCodes.failed : exitCodes.ok
}

function placeOf({ address }: Options): string {
  return address?.startsWith('ray://') ? `in a process of its own, in ${address}` : 'on a thread of its own'
}

async function countEverything(options: Options, screen: Screen, signal: AbortSignal): Promise<PipelineResult> {
  await using klaw = await open(options.address)
  return await runPipeline(klaw, options, screen, signal)
}

/** Everything else is the same on every engine. */
async function open(address: string | undefined): Promise<Runtime> {
  try {
    return await connect(address)
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(`--address: ${error.message}`)
    throw error
  }
}
