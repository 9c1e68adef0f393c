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
  const probes = probesFor(sources, options)
  if (probes.length > 0) {
    return interruptible(Promise.all(probes), { signal: options.signal }, options.clock, 'select').then(() => {
      options.signal?.throwIfAborted()
      return takeOrWait(sources, options)
    })
  }
  try {
    return takeOrWait(sources, options)
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * Asks those that are not known to be ready, where that matters: a biased selection takes nothing while one that comes first may be
 * ready, and one that does not wait has to know. Others would wait for an answer for nothing.
 */
function probesFor(
  sources: readonly SelectSource<unknown>[],
  { biased, orNothing }: SelectionOptions,
): Promise<void>[] {
  if (!biased && !orNothing) return []
  const ready = sources.findIndex((source) => source.ready())
  if (ready === -1 && !orNothing) return []
  const asked = biased && ready !== -1 ? sources.slice(0, ready) : sources
  return asked.flatMap((source) => (source.ready() ? [] : (source.probe?.() ?? [])))
}

function takeOrWait<Outcome>(
  sources: readonly SelectSource<Outcome>[],
  options: SelectionOptions,
): Promise<Selected<Outcome> | undefined> {
  const ready = takeReady(sources, options)
  if (ready !== undefined || options.orNothing) return Promise.resolve(ready)
  return new Selection(sources, options).promise
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
  readonly #leave = new Map<number, () => void>()
  #settled = false
  readonly #interrupt: Interrupt

  constructor(sources: readonly SelectSource<Outcome>[], { biased, signal, clock, random }: SelectionOptions) {
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
    // Whoever holds the channels serves the first that asks. Which one that is must be left to chance.
    const first = biased ? 0 : Math.floor(random() * sources.length)
    for (let count = 0; count < sources.length; count++) {
      const index = (first + count) % sources.length
      try {
        const leave = this.#park(index, sources[index] as SelectSource<Outcome>)
        // It may have won at once.
        if (this.#settled) break
        this.#leave.set(index, leave)
      } catch (error) {
        // What can not be sent is found out here.
        this.#end()
        refuse(error)
        break
      }
    }
  }

  #park(index: number, source: SelectSource<Outcome>): () => void {
    return source.park((outcome) => {
      // A send that leaves its line can end a channel, and with it another case that has yet to leave.
      if (this.#settled) return
      this.#end(index)
      this.#resolve({ index, outcome })
    })
  }

  /** Takes everybody out of line, other than the one that has won and so has left. */
  #end(winner?: number): void {
    this.#settled = true
    this.#interrupt.clear()
    for (const [index, leave] of this.#leave) if (index !== winner) leave()
    this.#leave.clear()
  }
}
