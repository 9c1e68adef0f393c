import type { Awaitable } from '@klaw/core'
import { connect } from '@klaw/core'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, versioned } from '../peers/versions.ts'
import { Echo } from './actors.ts'

/** Calls that are under way at once. */
const inFlight = 1_000

interface Callee {
  /** Answers with `n`, from another thread. */
  call(n: number): PromiseLike<number>
  stop(): Awaitable<void>
}

/** The two benchmarks differ in nothing but how many calls are under way. */
function caller(id: string, name: string, window: number, start: () => Awaitable<Callee>): Contender {
  return repeats(id, name, async () => {
    const { call, stop } = await start()
    return {
      async run(count) {
        const tally = new Tally()
        for (let from = 0; from < count; from += window) {
          const calls: PromiseLike<number>[] = []
          const to = Math.min(count, from + window)
          for (let n = from; n < to; n++) calls.push(call(n))
          for (const result of await Promise.all(calls)) tally.add(result)
        }
        expectAll([tally], count)
      },
      stop,
    }
  })
}

function contenders(window: number): { ours: Contender; peers: Contender[] } {
  const ours = caller('klaw', klaw, window, async () => {
    const runtime = await connect()
    const echo = runtime.actor(Echo, { numCpus: 1 }).remote()
    await echo.ready()
    return { call: (n) => echo.echo.remote(n), stop: () => runtime.shutdown() }
  })
  const comlink = caller('comlink', versioned('comlink'), window, async () => {
    const { startComlink } = await import('./comlink.ts')
    const { remote, stop } = startComlink()
    return { call: (n) => remote.echo(n), stop }
  })
  const piscina = caller('piscina', versioned('piscina'), window, async () => {
    const { Piscina } = await import('piscina')
    // One thread, as an actor has. The rest is what was fastest for it in both benchmarks.
    const pool = new Piscina({
      filename: new URL('./piscina-worker.mjs', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: inFlight,
      atomics: 'disabled',
      recordTiming: false,
    })
    return { call: (n) => pool.run(n) as Promise<number>, stop: () => pool.destroy() }
  })
  return { ours, peers: [comlink, piscina] }
}

export const callBenchmarks: readonly Benchmark[] = [
  {
    id: 'actors/calls-in-flight',
    work: `calls of a method in another thread, ${inFlight.toLocaleString('en')} at once`,
    metrics: rate(250_000),
    ...contenders(inFlight),
  },
  {
    id: 'actors/calls-one-at-a-time',
    work: 'calls of a method in another thread, each after the one before has returned',
    metrics: rate(20_000),
    ...contenders(1),
  },
]
