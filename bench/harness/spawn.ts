import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Contender, Measured, Scale } from './definition.ts'
import type { Samples } from './measure.ts'

/** What a child is told to run. */
export interface Order {
  readonly id: string
  /** By their ids. */
  readonly contenders: readonly string[]
  readonly quick: boolean
}

const child = fileURLToPath(new URL('./child.ts', import.meta.url))
/** Far more than any benchmark takes: one that hangs must not hang the run. */
const limitMilliseconds = 300_000

/** Measures in a process of its own, so that neither the garbage nor the compiled code of one benchmark burdens another. */
export async function measureApart(
  benchmark: Benchmark,
  contenders: readonly Contender[],
  scale: Scale,
): Promise<Samples> {
  const { id } = benchmark
  const ids = contenders.map((one) => one.id)
  if (benchmark.isolated !== true) return run({ id, contenders: ids, quick: scale.quick })
  const samples: Record<string, Measured[]> = {}
  for (let round = 0; round < scale.rounds; round++) {
    for (const contender of ids) {
      const one = await run({ id, contenders: [contender], quick: scale.quick })
      samples[contender] = [...(samples[contender] ?? []), ...(one[contender] ?? [])]
    }
  }
  return samples
}

function run(order: Order): Promise<Samples> {
  return new Promise((resolve, reject) => {
    let samples: Samples | undefined
    const running = fork(child, [JSON.stringify(order)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    let late = ''
    const timer = setTimeout(() => {
      late = `did not end within ${limitMilliseconds / 1000} s, `
      running.kill('SIGKILL')
    }, limitMilliseconds)
    const errors: Buffer[] = []
    running.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
    running.on('message', (message) => {
      samples = message as Samples
    })
    running.on('error', reject)
    running.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 && samples !== undefined) resolve(samples)
      else
        reject(new Error(`${late}ended with ${signal ?? `code ${code}`}\n${Buffer.concat(errors).toString().trim()}`))
    })
  })
}
