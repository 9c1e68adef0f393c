import { count, megabytes, perSecond, rate, ratio, seconds, shares } from './format.ts'
import type { OneThreadResult } from './one-thread.ts'
import type { Options } from './options.ts'
import type { PipelineResult } from './pipeline.ts'

export interface Outcome {
  readonly options: Options
  readonly interrupted: boolean
  readonly pipeline: PipelineResult
  /** Undefined when it was interrupted. */
  readonly oneThread: OneThreadResult | undefined
  /** Undefined when nobody asked for a check, or it was interrupted. */
  readonly differences: readonly string[] | undefined
}

const listedWords = 12
const listedUnreadable = 10
/** Milliseconds. */
const shortestComparison = 1_000

/** The outcome for people. */
export function reportText({ options, interrupted, pipeline, oneThread, differences }: Outcome): string {
  const { totals, time } = pipeline
  const lines: string[] = []
  const row = (name: string, text: string) => lines.push(`${name.padEnd(16)} ${text}`)
  if (interrupted)
    lines.push(pipeline.isComplete ? 'interrupted after counting' : 'interrupted: these totals are partial')
  row(
    'text files',
    `${count(totals.files)} (not text: ${count(totals.notText)}, unreadable: ${totals.unreadable.length})`,
  )
  row('bytes', `${count(totals.bytes)} (${megabytes(totals.bytes)})`)
  row('words', `${count(totals.words)}, of which ${count(totals.counts.size)} different`)
  row(
    'most frequent',
    totals
      .topWords(listedWords)
      .map(([word, times]) => `${word} ${count(times)}`)
      .join(', '),
  )
  row('digest', totals.digest())
  for (const { path, reason } of totals.unreadable.slice(0, listedUnreadable)) row('unreadable', `${path}: ${reason}`)
  const hidden = totals.unreadable.length - listedUnreadable
  if (hidden > 0) row('unreadable', `and ${count(hidden)} more (--json lists them all)`)
  const threads = options.workers === 1 ? '1 counter' : `${options.workers} counters`
  row(threads, `${speed(totals.bytes, time)}; shares ${shares(pipeline.shares)}`)
  if (oneThread !== undefined) {
    const { totals: own, every } = oneThread
    const sample = every === 1 ? 'the same files' : `a sample: one of every ${every} files`
    row('one thread', `${speed(own.bytes, oneThread.time)}; ${sample}`)
    const without = `without ${seconds(pipeline.startUp)} for starting them`
    const caution = oneThread.time < shortestComparison ? '; so little work says little' : ''
    row('speed-up', `${ratio(speedUp(pipeline, oneThread))} (${without}${caution})`)
  }
  if (differences?.length === 0) row('check', 'equal: files, bytes, words, the count of every word, digest')
  for (const difference of differences ?? []) row('DIFFERENT', difference)
  if (differences !== undefined && differences.length > 0)
    row('', 'a file that was written meanwhile makes a difference, too')
  return `${lines.join('\n')}\n`
}

/** The outcome for programs. */
export function reportJson({ options, interrupted, pipeline, oneThread, differences }: Outcome): string {
  const { totals } = pipeline
  const report = {
    interrupted,
    complete: pipeline.isComplete,
    workers: options.workers,
    files: totals.files,
    bytes: totals.bytes,
    words: totals.words,
    differentWords: totals.counts.size,
    notText: totals.notText,
    unreadable: totals.unreadable,
    topWords: totals.topWords(listedWords).map(([word, times]) => ({ word, times })),
    digest: totals.digest(),
    startUpMs: pipeline.startUp,
    pipeline: {
      ms: pipeline.time,
      bytesPerSecond: perSecond(totals.bytes, pipeline.time),
      bytesByCounter: pipeline.shares,
    },
    oneThread: oneThread && {
      ms: oneThread.time,
      bytesPerSecond: perSecond(oneThread.totals.bytes, oneThread.time),
      files: oneThread.totals.files,
      everyNthFile: oneThread.every,
    },
    speedUp: oneThread && speedUp(pipeline, oneThread),
    check: differences && { equal: differences.length === 0, differences },
  }
  return `${JSON.stringify(report, undefined, 2)}\n`
}

function speed(bytes: number, milliseconds: number): string {
  return `${rate(bytes, milliseconds)}, ${megabytes(bytes)} in ${seconds(milliseconds)}`
}

/** How many times as many bytes a second the pipeline took; 0 when there is nothing to compare. */
function speedUp(pipeline: PipelineResult, oneThread: OneThreadResult): number {
  const single = perSecond(oneThread.totals.bytes, oneThread.time)
  return single > 0 ? perSecond(pipeline.totals.bytes, pipeline.time) / single : 0
}
