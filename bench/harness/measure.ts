import type { Benchmark, Contender, Measured, Rounds, Scale } from './definition.ts'

/** The results of all rounds of each contender, by its id. */
export type Samples = Readonly<Record<string, readonly Measured[]>>

/** Runs the contenders in turns, so that whatever else the machine does at the time falls on all of them alike. */
export async function measure(benchmark: Benchmark, contenders: readonly Contender[], scale: Scale): Promise<Samples> {
  const samples: Record<string, Measured[]> = {}
  const running: [string, Rounds][] = []
  try {
    for (const contender of contenders) {
      const rounds = await within(contender, () => contender.start(scale))
      running.push([contender.id, rounds])
      samples[contender.id] = []
    }
    const count = benchmark.isolated === true ? 1 : scale.rounds
    for (let round = 0; round < count; round++) {
      for (const [index, [id, rounds]] of running.entries()) {
        samples[id]?.push(await within(contenders[index] as Contender, () => rounds.round()))
      }
    }
  } finally {
    for (const [, rounds] of running) await rounds.stop?.()
  }
  return samples
}

async function within<Value>(contender: Contender, work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (cause) {
    const { message } = cause as Error
    throw new Error(`${contender.name}: ${message}`, { cause })
  }
}
