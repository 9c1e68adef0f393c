import type { Clock } from './clock.ts'
import { Interrupt, interruptible } from './interrupt.ts'

/** One thing that `select` can wait for. It can be used again once it was taken, has won, or was left. */
export interface SelectSource<out Outcome> {
  /** True when {@link take} would succeed at once, as far as is known here. Has no side effect that shows. */
  ready(): boolean
  /** Takes the outcome. Called synchronously after `ready()` was true, never otherwise. */
  take(): Outcome
  /** Brings what is known here up to date with a remote holder. Absent when `ready()` is always exact. */
  probe?(): Promise<void>
  /**
   * Waits in line. The source calls `win(outcome)` at most once, with the outcome taken; the selection then calls the
   * other sources' returned functions before anything else runs, so a parked case is always live.
   */
  park(win: (outcome: Outcome) => void): () => void
}

export interface SelectionOptions {
  /** The first that is ready wins, instead of any that is ready. */
  readonly biased: boolean
  /** When none is ready the selection ends at once, with nothing. */
  readonly orNothing: boolean
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number
}

/** The number of the case that won, and what it brought. */
export interface Selected<Outcome> {
  readonly index: number
  readonly outcome: Outcome
}

/**
 * Waits until one of the sources is ready and takes its outcome; the others are left as they were.
 * Undefined only with `orNothing`.
 */
export function selectFrom<Outcome>(
  sources: readonly SelectSource<Outcome>[],
  options: SelectionOptions,
): Promise<Selected<Outcome> | undefined> {
  if (options.signal?.aborted) return Promise.reject(options.signal.reason)
  const ready = takeReady(sources, options)
  if (ready !== undefined) return Promise.resolve(ready)
  if (!options.orNothing) return new Selection(sources, options).promise
  const probes = sources.flatMap((source) => source.probe?.() ?? [])
  if (probes.length === 0) return Promise.resolve(undefined)
  return interruptible(Promise.all(probes), { signal: options.signal }, options.clock, 'select').then(() => {
    options.signal?.throwIfAborted()
    return takeReady(sources, options)
  })
}

/** Takes from a source that is ready: each that is has the same chance, unless biased. */
function takeReady<Outcome>(
  sources: readonly SelectSource<Outcome>[],
  { biased, random }: SelectionOptions,
): Selected<Outcome> | undefined {
  let chosen = -1
  let count = 0
  for (const [index, source] of sources.entries()) {
    if (!source.ready()) continue
    count++
    if (chosen === -1 || random() * count < 1) chosen = index
    if (biased) break
  }
  return chosen === -1 ? undefined : { index: chosen, outcome: (sources[chosen] as SelectSource<Outcome>).take() }
}

/** All cases in their lines at once. The first that wins takes the others out before anything else runs. */
class Selection<Outcome> {
  readonly promise: Promise<Selected<Outcome>>
  #resolve!: (selected: Selected<Outcome>) => void
  #leave: (() => void)[] = []
  #settled = false
  readonly #interrupt: Interrupt

  constructor(sources: readonly SelectSource<Outcome>[], { signal, clock }: SelectionOptions) {
    let refuse!: (error: unknown) => void
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      refuse = reject
    })
    this.#interrupt = new Interrupt({ signal }, clock, 'select', (error) => {
      this.#end()
      this.promise.catch(() => {})
      refuse(error)
    })
    for (const [index, source] of sources.entries()) {
      const leave = source.park((outcome) => {
        // A send that leaves its line can end a channel, and with it another case that has yet to leave.
        if (this.#settled) return
        this.#end(index)
        this.#resolve({ index, outcome })
      })
      // It may have won at once.
      if (this.#settled) break
      this.#leave[index] = leave
    }
  }

  /** Takes everybody out of line, other than the one that has won and so has left. */
  #end(winner?: number): void {
    this.#settled = true
    this.#interrupt.clear()
    const leave = this.#leave
    this.#leave = []
    for (const [index, unpark] of leave.entries()) if (index !== winner) unpark()
  }
}
