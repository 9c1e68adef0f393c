import type { Place, Row } from './rows.ts'

const headings = ['id', 'ours', 'peer', 'ours / peer', '', 'goal', ''] as const

/** The numbers of one row, for people. */
export function cells({ benchmark, metric }: Place, row: Row): string[] {
  const { ours, peer, peerName, ratio, goal, met } = row
  const verdict = met === null ? '' : met ? 'met' : 'missed'
  const sign = metric.better === 'higher' ? '≥' : '≤'
  return [
    row.id,
    amount(ours, row.unit),
    peer === null ? `– (${benchmark.ours.name} only)` : `${amount(peer, row.unit)} ${peerName}`,
    ratio === null ? '–' : `${significant(ratio)}`,
    ratio === null ? '' : ratio > 1 === (metric.better === 'higher') ? 'better' : 'worse',
    goal === null ? '' : `${sign} ${amount(goal, row.unit)}`,
    verdict,
  ]
}

/** Lines of a table whose columns are as wide as they must be. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    widths
      .map((width, column) => (row[column] ?? '').padEnd(width))
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map((width) => '─'.repeat(width)).join('──')
  return [lines[0] ?? '', rule, ...lines.slice(1)]
}

/** A number with its unit, at a size that people can read. */
export function amount(value: number, unit: string): string {
  if (unit === 'bytes') {
    if (Math.abs(value) >= 1e6) return `${significant(value / 1e6)} MB`
    return Math.abs(value) >= 1e4 ? `${significant(value / 1e3)} KB` : `${Math.round(value)} B`
  }
  if (unit === 'items') return `${Math.round(value).toLocaleString('en')} items`
  if (unit === 'ops/s' && value >= 1e6) return `${significant(value / 1e6)} M/s`
  if (unit === 'ops/s') return `${Math.round(value).toLocaleString('en')} /s`
  return `${significant(value)} ${unit}`
}

function significant(value: number): string {
  const magnitude = Math.abs(value)
  if (magnitude >= 100) return value.toFixed(0)
  if (magnitude >= 10) return value.toFixed(1)
  return value.toFixed(magnitude >= 0.1 || magnitude === 0 ? 2 : 4)
}
