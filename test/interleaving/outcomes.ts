import { expect } from 'vitest'
import { ChannelClosed, ChannelEmpty, ChannelLagged, ChannelTimeout } from '../../src/errors.ts'
import { flush } from './flush.ts'
import type { Random } from './random.ts'

const why = 'given up by the schedule'

interface Options {
  signal: AbortSignal
  timeout?: number
}

/** Operations that are under way, each with what the model expects of it. */
export class Outcomes {
  /** What was done, for the report of a failure. */
  readonly log: string[] = []
  readonly expected = new Map<number, string>()
  readonly #actual = new Map<number, string>()
  readonly #aborts = new Map<number, AbortController>()
  #count = 0

  /** Starts an operation; the model says later what becomes of it. */
  start(
    what: string,
    random: Random,
    run: (options: Options) => Promise<unknown>,
  ): { number: number; timeout: number | undefined } {
    const number = this.#count++
    const controller = new AbortController()
    const options: Options = { signal: controller.signal }
    if (random.chance(0.3)) options.timeout = random.chance(0.3) ? 0 : random.below(40) + number / 1e6
    this.log.push(`${number}: ${what} ${options.timeout === undefined ? '' : `within ${options.timeout} ms`}`)
    this.#aborts.set(number, controller)
    run(options).then(
      (value) => this.#actual.set(number, describeOutcome(value)),
      (error: unknown) => this.#actual.set(number, describeOutcome(error)),
    )
    return { number, timeout: options.timeout }
  }

  /** Aborts one of the operations that wait and returns its number. */
  abortOne(random: Random): number | undefined {
    const pending = [...this.#aborts.keys()].filter((number) => !this.expected.has(number))
    if (pending.length === 0) return undefined
    const number = random.pick(pending)
    this.log.push(`abort ${number}`)
    this.#aborts.get(number)?.abort(why)
    return number
  }

  async compare(): Promise<void> {
    await flush()
    expect(Object.fromEntries(this.#actual)).toEqual(Object.fromEntries(this.expected))
  }

  async compareEnd(): Promise<void> {
    await this.compare()
    expect(this.#actual.size, 'operations that have settled').toBe(this.#count)
  }
}

export function describeOutcome(outcome: unknown): string {
  if (outcome === why) return 'aborted'
  if (outcome instanceof ChannelClosed) return 'closed'
  if (outcome instanceof ChannelEmpty) return 'empty'
  if (outcome instanceof ChannelTimeout) return 'timeout'
  if (outcome instanceof ChannelLagged) return `lagged ${outcome.missed}`
  if (outcome instanceof Error) throw outcome
  return outcome === undefined ? 'ok' : `got ${outcome}`
}

/** Runs one schedule for each seed; names the seed that failed, and what was done. */
export async function forEachSeed(
  count: number,
  run: (seed: number, log: (entries: readonly string[]) => void) => Promise<void>,
): Promise<void> {
  const only = process.env.KLAW_SEED
  const total = Number(process.env.KLAW_SCHEDULES ?? count)
  const seeds = only === undefined ? Array.from({ length: total }, (_, index) => index + 1) : [Number(only)]
  for (const seed of seeds) {
    let entries: readonly string[] = []
    try {
      await run(seed, (log) => {
        entries = log
      })
    } catch (error) {
      throw new Error(`KLAW_SEED=${seed}\n${entries.join('\n')}`, { cause: error })
    }
  }
}
