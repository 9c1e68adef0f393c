import { writeFileSync } from 'node:fs'
import { catalogue } from './catalogue.ts'
import { type Benchmark, scaleOf } from './harness/definition.ts'
import { describeMachine } from './harness/machine.ts'
import { cells, table } from './harness/report.ts'
import { type Place, placesOf, type Row, rowOf } from './harness/rows.ts'
import { measureApart } from './harness/spawn.ts'
import { type BenchOptions, readOptions, usage } from './options.ts'

/** Measures ours beside its peers. Exit code 1: a benchmark failed; 2: wrong arguments. A goal that was missed is no failure. */
async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions
  let places: Place[]
  try {
    options = readOptions(args)
    places = choose(catalogue.flatMap(placesOf), options.only)
    // Found out before the work rather than after it.
    if (options.json !== undefined) writeFileSync(options.json, '[]\n')
  } catch (error) {
    console.error((error as Error).message)
    return 2
  }
  if (options.help) console.log(usage)
  else if (options.list) for (const { id } of places) console.log(id)
  else return run(places, options)
  return 0
}

function choose(places: readonly Place[], only: readonly string[]): Place[] {
  for (const prefix of only) {
    if (places.some(({ id }) => id.startsWith(prefix))) continue
    const ids = places.map(({ id }) => `  ${id}`).join('\n')
    throw new Error(`no benchmark has an id that begins with '${prefix}'; the ids are:\n${ids}`)
  }
  return places.filter(({ id }) => only.length === 0 || only.some((prefix) => id.startsWith(prefix)))
}

async function run(places: readonly Place[], { json, quick }: BenchOptions): Promise<number> {
  const scale = scaleOf(quick)
  const results: { place: Place; row: Row }[] = []
  const failures: string[] = []
  console.log(describeMachine())
  console.log(
    `best of ${scale.rounds} rounds, ours and the peers in turns${quick ? '; quick: the numbers mean little' : ''}\n`,
  )
  for (const [benchmark, own] of byBenchmark(places)) {
    console.log(`${benchmark.id}: ${benchmark.work}`)
    try {
      const peers = benchmark.peers.filter((peer) => own.some((place) => place.peer === peer))
      const samples = await measureApart(benchmark, [benchmark.ours, ...peers], scale)
      const done = own.map((place) => ({ place, row: rowOf(place, samples) }))
      results.push(...done)
      for (const { place, row } of done) {
        const [, ours, peer, ratio, better] = cells(place, row)
        console.log(`  ${[ours, peer, ratio, better].filter((part) => part !== '').join('  ')}`)
      }
    } catch (error) {
      failures.push(benchmark.id)
      console.error(`  failed: ${(error as Error).message}`)
    }
  }
  console.log(`\n${table(results.map(({ place, row }) => cells(place, row))).join('\n')}`)
  if (json !== undefined)
    writeFileSync(
      json,
      `${JSON.stringify(
        results.map(({ row }) => row),
        undefined,
        2,
      )}\n`,
    )
  if (failures.length > 0) console.error(`\nfailed: ${failures.join(', ')}`)
  return failures.length > 0 ? 1 : 0
}

function byBenchmark(places: readonly Place[]): Map<Benchmark, Place[]> {
  const groups = new Map<Benchmark, Place[]>()
  for (const place of places) groups.set(place.benchmark, [...(groups.get(place.benchmark) ?? []), place])
  return groups
}

process.exitCode = await main(process.argv.slice(2))
