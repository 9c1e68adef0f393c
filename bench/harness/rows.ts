import type { Benchmark, Contender, Metric } from './definition.ts'
import type { Samples } from './measure.ts'

/** One line of a report, and one element of its JSON. */
export interface Row {
  readonly id: string
  readonly work: string
  readonly unit: string
  readonly ours: number
  readonly peer: number | null
  readonly peerName: string | null
  /** `ours / peer`. */
  readonly ratio: number | null
  /** What ours has to reach: at least that for speeds, at most that for times, bytes and counts. */
  readonly goal: number | null
  /** Null without a goal. */
  readonly met: boolean | null
}

/** Where a row comes from. */
export interface Place {
  readonly id: string
  readonly benchmark: Benchmark
  readonly metric: Metric
  readonly peer: Contender | undefined
}

/** Every row that a benchmark makes. */
export function placesOf(benchmark: Benchmark): Place[] {
  const peers = benchmark.peers.length === 0 ? [undefined] : benchmark.peers
  return benchmark.metrics.flatMap((metric) =>
    peers.map((peer) => {
      const parts = [benchmark.id]
      if (benchmark.metrics.length > 1) parts.push(metric.key)
      if (peer !== undefined) parts.push(peer.id)
      return { id: parts.join('/'), benchmark, metric, peer }
    }),
  )
}

/** By the same rule on both sides: for speeds the best round, since what else runs on the machine can only make a round slower. */
export function rowOf({ id, benchmark, metric, peer }: Place, samples: Samples): Row {
  const ours = value(benchmark.ours, metric, samples)
  const theirs = peer === undefined ? null : value(peer, metric, samples)
  const goal = metric.goal ?? null
  return {
    id,
    work: metric.work === undefined ? benchmark.work : `${benchmark.work}: ${metric.work}`,
    unit: metric.unit,
    ours,
    peer: theirs,
    peerName: peer?.name ?? null,
    // A peer that takes nothing at all has no ratio.
    ratio: theirs === null || theirs === 0 ? null : ours / theirs,
    goal,
    met: goal === null ? null : metric.better === 'higher' ? ours >= goal : ours <= goal,
  }
}

function value(contender: Contender, metric: Metric, samples: Samples): number {
  const values = (samples[contender.id] ?? []).map((measured) => measured[metric.key] ?? Number.NaN)
  values.sort((one, other) => (metric.better === 'higher' ? other - one : one - other))
  const chosen = values[metric.counts === 'median' ? values.length >> 1 : 0] ?? Number.NaN
  if (!Number.isFinite(chosen)) throw new Error(`${contender.name} did not measure '${metric.key}'`)
  return chosen
}
