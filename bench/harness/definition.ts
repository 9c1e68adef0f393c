import type { Awaitable } from '@klaw/core'

/** One thing that is measured, ours beside its peers. Each peer makes a row `<id>/<peer>`, or `<id>/<metric>/<peer>` if there are several metrics. */
export interface Benchmark {
  /** Stable: JSON reports of different days are compared by it. */
  readonly id: string
  readonly work: string
  readonly metrics: readonly Metric[]
  readonly ours: Contender
  /** Empty when nothing else does this. */
  readonly peers: readonly Contender[]
  /** A fresh process for each round of each contender, because memory that one round has freed would hide what the next one takes. */
  readonly isolated?: boolean
}

export interface Metric {
  /** What a round's result calls it. */
  readonly key: string
  readonly unit: Unit
  readonly better: 'higher' | 'lower'
  /** What ours has to reach. */
  readonly goal?: number
  /** Which of the rounds counts. The best (the default) leaves out what else ran on the machine; it would make memory look too small. */
  readonly counts?: 'best' | 'median'
  /** Said after the benchmark's `work`. */
  readonly work?: string
}

export type Unit = 'ops/s' | 'µs' | 'bytes' | 'GB/s' | 'items' | '%'

/** One side of a comparison. */
export interface Contender {
  /** Last part of a row's id. */
  readonly id: string
  /** As printed, with its version. */
  readonly name: string
  /** Sets up what all rounds share. */
  start(scale: Scale): Awaitable<Rounds>
}

export interface Rounds {
  /** Measures once. Throws when the work was not done right, so that what is broken cannot look fast. */
  round(): Awaitable<Measured>
  stop?(): Awaitable<void>
}

/** Numbers by metric key. */
export type Measured = Readonly<Record<string, number>>

/** How much work a run does. */
export interface Scale {
  readonly quick: boolean
  readonly rounds: number
  /** How long a round of repeated work should take. */
  readonly roundMilliseconds: number
  /** `full`, or `quick` in a quick run. */
  count(full: number, quick: number): number
}

export function scaleOf(quick: boolean): Scale {
  return {
    quick,
    rounds: quick ? 2 : 7,
    roundMilliseconds: quick ? 5 : 250,
    count: (full, small) => (quick ? small : full),
  }
}

/** The metric of everything that is repeated as often as possible. */
export function rate(goal?: number): readonly Metric[] {
  return [{ key: 'rate', unit: 'ops/s', better: 'higher', ...(goal === undefined ? {} : { goal }) }]
}
