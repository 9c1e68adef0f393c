import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { catalogue } from '../../bench/catalogue.ts'
import type { Benchmark, Contender, Metric } from '../../bench/harness/definition.ts'
import { measure } from '../../bench/harness/measure.ts'
import { repeats } from '../../bench/harness/rate.ts'
import { placesOf, type Row, rowOf } from '../../bench/harness/rows.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ids = catalogue.flatMap(placesOf).map(({ id }) => id)

test('ids are unique, and say what is measured', () => {
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids)
    expect(id).toMatch(
      /^(codec|in-process|threads|actors|objects|ray|channels-ray|ray-typescript)(\/[a-z0-9]+(-[a-z0-9]+)*)+$/,
    )
})

test('--list prints the ids and runs nothing', async () => {
  const { code, out } = await bench('--list')
  expect(out.trim().split('\n')).toEqual(ids)
  expect(code).toBe(0)
})

test('an id that does not exist is refused with those that do', async () => {
  const { code, out, err } = await bench('--only', 'in-process', 'on-the-moon', '--json', '/dev/null')
  expect(err).toContain("'on-the-moon'")
  for (const id of ids) expect(err).toContain(`  ${id}\n`)
  expect(out).toBe('')
  expect(code).toBe(2)
})

test.each([
  [['--frobnicate'], '--frobnicate'],
  [['--json'], '--json'],
  [['--json', '/does/not/exist.json', '--only', 'in-process/watch'], '/does/not/exist.json'],
])('%j is refused', async (args, word) => {
  const { code, out, err } = await bench(...args)
  expect(err).toContain(word)
  expect(out).toBe('')
  expect(code).toBe(2)
})

test('a run prints ours, the peer and the ratio, and writes them as JSON', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'results.json')
  // One of each kind: repeated in process, many open things, across threads, calls, several metrics, a peer by itself.
  const chosen = [
    'in-process/send-recv/1-to-1-capacity-10000/it-pushable',
    'in-process/open-channels',
    'in-process/slow-consumer',
    'threads/main-to-actor/object-100-bytes/post-message-batches',
    'threads/latency',
    'actors/calls-in-flight',
    'actors/pooled',
    'objects/put-get-100-mb',
  ]
  const { code, out, err } = await bench('--quick', '--json', file, '--only', ...chosen)
  expect(err).toBe('')
  expect(code).toBe(0)
  const rows = JSON.parse(readFileSync(file, 'utf8')) as Row[]
  expect(rows.map(({ id }) => id)).toEqual(ids.filter((id) => chosen.some((prefix) => id.startsWith(prefix))))
  for (const row of rows) {
    expectShape(row)
    const line = out.split('\n').find((one) => one.startsWith(`${row.id} `))
    expect(line).toContain(row.peerName)
  }
})

test('goals are met from above for speeds, from below for all else', async () => {
  const row = async (better: Metric['better'], ours: number, goal?: number) => {
    const metrics = [{ key: 'value', unit: 'µs', better, ...(goal === undefined ? {} : { goal }) }] as const
    return (await rowsOf({ id: 'x', work: 'x', metrics, ours: fixed('klaw', ours), peers: [fixed('peer', 4)] }))[0]
  }
  expect(await row('higher', 8, 5)).toMatchObject({ id: 'x/peer', ours: 8, peer: 4, ratio: 2, goal: 5, met: true })
  expect(await row('higher', 2, 5)).toMatchObject({ ratio: 0.5, met: false })
  expect(await row('lower', 8, 5)).toMatchObject({ met: false })
  expect(await row('lower', 5, 5)).toMatchObject({ met: true })
  expect(await row('lower', 5)).toMatchObject({ goal: null, met: null })
})

test('the best round counts, or the median where the best would be too good', async () => {
  const metrics: Metric[] = [
    { key: 'rate', unit: 'ops/s', better: 'higher' },
    { key: 'time', unit: 'µs', better: 'lower' },
    { key: 'memory', unit: 'bytes', better: 'lower', counts: 'median' },
  ]
  const values = [3, 1, 2, 7, 5, 4, 6]
  const ours: Contender = {
    id: 'klaw',
    name: 'klaw',
    start: () => ({
      round() {
        const value = values.shift() ?? 4
        return { rate: value, time: value, memory: value }
      },
    }),
  }
  const rows = await rowsOf({ id: 'x', work: 'x', metrics, ours, peers: [] })
  expect(rows.map(({ id, ours: best, peer, ratio }) => [id, best, peer, ratio])).toEqual([
    ['x/rate', 7, null, null],
    ['x/time', 1, null, null],
    ['x/memory', 4, null, null],
  ])
})

test('work that is done wrong fails the benchmark, and everything that was started is stopped', async () => {
  let stops = 0
  const broken = repeats('klaw', 'klaw 0', () => ({
    run() {
      throw new Error('wrong result')
    },
  }))
  const started: Contender = {
    id: 'peer',
    name: 'peer',
    start: () => ({
      round: () => ({ rate: 1 }),
      stop() {
        stops++
      },
    }),
  }
  const benchmark: Benchmark = { id: 'x', work: 'x', metrics: [], ours: started, peers: [broken] }
  await expect(measure(benchmark, [started, broken], scale)).rejects.toThrow('klaw 0: wrong result')
  expect(stops).toBe(1)
})

const scale = { quick: true, rounds: 7, roundMilliseconds: 1, count: (_full: number, quick: number) => quick }

async function rowsOf(benchmark: Benchmark): Promise<Row[]> {
  const samples = await measure(benchmark, [benchmark.ours, ...benchmark.peers], scale)
  return placesOf(benchmark).map((place) => rowOf(place, samples))
}

function fixed(id: string, value: number): Contender {
  return { id, name: id, start: () => ({ round: () => ({ value }) }) }
}

function expectShape(row: Row): void {
  expect(Object.keys(row)).toEqual(['id', 'work', 'unit', 'ours', 'peer', 'peerName', 'ratio', 'goal', 'met'])
  expect(row).toMatchObject({ id: expect.any(String), work: expect.any(String), unit: expect.any(String) })
  expect(row.ours).toEqual(expect.any(Number))
  expect(row.peer).toEqual(expect.any(Number))
  expect(row.peerName).toMatch(/\d+\.\d+\.\d+/)
  expect(row.ratio).toBe(row.peer === 0 ? null : row.ours / (row.peer as number))
  expect(row.met === null).toBe(row.goal === null)
}

async function bench(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], { cwd: root })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out, err }
}
