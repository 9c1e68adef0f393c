import { parseArgs } from 'node:util'

export interface BenchOptions {
  readonly json: string | undefined
  /** Beginnings of row ids; empty: all rows. */
  readonly only: readonly string[]
  readonly quick: boolean
  readonly list: boolean
  readonly help: boolean
}

export const usage = `Usage: npm run bench -- [--only ID…] [--json FILE] [--quick] [--list]

  --only ID…   only the benchmarks whose id begins with one of these
  --json FILE  write the results to FILE as well, as a JSON array of
               { id, work, unit, ours, peer, peerName, ratio, goal, met }
  --quick      small sizes and few rounds: shows that it works, the numbers mean little
  --list       print the ids, run nothing
  --help       print this`

/** @throws TypeError for an option that does not exist, or that needs a value */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { json, only, quick, list, help } = values
  if (json === '') throw new TypeError("'--json' needs the name of a file")
  return { json, only: [...only, ...positionals], quick, list, help }
}
