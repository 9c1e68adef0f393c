import type { Totals } from './totals.ts'
import type { WordCounts } from './words.ts'

const shownWords = 10

/** How two totals differ, one line each; empty when they are equal. */
export function differences(pipeline: Totals, plain: Totals): string[] {
  const lines: string[] = []
  const compare = (what: string, ours: number | string, theirs: number | string) => {
    if (ours !== theirs) lines.push(`${what}: ${ours} by the pipeline, ${theirs} by the plain loop`)
  }
  compare('files', pipeline.files, plain.files)
  compare('bytes', pipeline.bytes, plain.bytes)
  compare('words', pipeline.words, plain.words)
  compare('different words', pipeline.counts.size, plain.counts.size)
  compare('digest', pipeline.digest(), plain.digest())
  const words = differingWords(pipeline.counts, plain.counts)
  for (const word of words.slice(0, shownWords)) {
    compare(`'${word}'`, pipeline.counts.get(word) ?? 0, plain.counts.get(word) ?? 0)
  }
  if (words.length > shownWords) lines.push(`and ${words.length - shownWords} more words`)
  return lines
}

function differingWords(ours: WordCounts, theirs: WordCounts): string[] {
  const words = new Set<string>([...ours.keys(), ...theirs.keys()])
  return [...words].filter((word) => ours.get(word) !== theirs.get(word)).sort()
}
