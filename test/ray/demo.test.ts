import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, inject, onTestFinished, test } from 'vitest'
import { commandLine } from '../support/ray/own-cluster.ts'
import { until } from '../support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const onLinux = test.skipIf(process.platform !== 'linux')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klaw-demo-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const content = 'partial totals are totals '.repeat(20_000)

/** One text under many names, in folders. */
function makeFiles(count: number): void {
  const first = join(folder, 'first.txt')
  writeFileSync(first, content)
  for (let index = 1; index < count; index++) {
    const below = join(folder, `folder ${index % 9}`)
    mkdirSync(below, { recursive: true })
    linkSync(first, join(below, `${index}.txt`))
  }
}

function start(...options: string[]) {
  const args = ['--import', 'tsx', 'demo/main.ts', '--json', '--address', inject('rayAddress'), ...options, folder]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const report = Promise.all([once(child, 'close'), text(child.stdout)]).then(([[code], stdout]) => {
    return { code: code as number | null, report: stdout === '' ? undefined : JSON.parse(stdout), errors }
  })
  const hasBegun = () => until(() => /^counting: [1-9]/m.test(errors) || child.exitCode !== null)
  return { child, report, hasBegun }
}

/** The counters, by process id (Linux only). */
function countersOf({ pid }: ChildProcess): number[] {
  const isChild = (id: string) => {
    try {
      return new RegExp(`\\) \\S ${pid} `).test(readFileSync(`/proc/${id}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id) && isChild(id))
    .map(Number)
    .filter((id) => commandLine(id).includes('counting-main'))
}

test('the demo on Ray counts what one thread counts', async () => {
  makeFiles(150)
  const { code, report, errors } = await start('--workers', '2', '--check').report
  expect(errors).toMatch(/^Counters, each in a process of its own, through ray:\/\/\S+: 2\./)
  expect(report).toMatchObject({ files: 150, bytes: 150 * content.length, complete: true, workers: 2 })
  expect(report.check).toEqual({ equal: true, differences: [] })
  expect(report.pipeline.bytesByCounter).toHaveLength(2)
  expect(code).toBe(0)
})

onLinux(
  'a counter that is killed is not missed: what it had goes to the other one, and nothing counts twice',
  async () => {
    makeFiles(400)
    const { child, report: ended, hasBegun } = start('--workers', '2', '--check')
    await hasBegun()
    const [victim] = countersOf(child)
    process.kill(victim as number, 'SIGKILL')
    const { code, report, errors } = await ended
    expect(errors).toMatch(/^counter [01] is gone \(SIGKILL\): what it had goes to the others$/m)
    expect(report).toMatchObject({ files: 400, complete: true, check: { equal: true, differences: [] } })
    expect(code).toBe(0)
  },
)

onLinux('Ctrl-C stops it in order, with totals that are consistent, and leaves nobody behind', async () => {
  makeFiles(3_000)
  const { child, report: ended, hasBegun } = start('--workers', '2')
  await hasBegun()
  const counters = countersOf(child)
  expect(counters).toHaveLength(2)
  child.kill('SIGINT')
  const { code, report } = await ended
  expect(code).toBe(130)
  expect(report).toMatchObject({ interrupted: true, complete: false, bytes: report.files * content.length })
  expect(report.words).toBe(report.files * 80_000)
  expect(report.files).toBeGreaterThan(0)
  expect(report.files).toBeLessThan(3_000)
  for (const id of counters) expect(commandLine(id)).toBe('')
})

onLinux('it fails, and says why, when all counters are gone', async () => {
  makeFiles(3_000)
  const { child, report: ended, hasBegun } = start('--workers', '1')
  await hasBegun()
  for (const id of countersOf(child)) process.kill(id, 'SIGKILL')
  const { code, report, errors } = await ended
  expect(errors).toContain('all counters are gone')
  expect({ code, report }).toEqual({ code: 1, report: undefined })
})
