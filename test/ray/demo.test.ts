import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type LocalCluster, type ProcessIdentity, startCluster } from '@klaw/core/cluster'
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { processesLike } from '../support/ray/own-cluster.ts'
import { untilGone } from '../support/ray/process-identity.ts'
import { rayOptions } from '../support/ray/ray-options.ts'
import { until } from '../support/until.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const onLinux = test.skipIf(process.platform !== 'linux')
const content = 'partial totals are totals '.repeat(20_000)
const wordsEach = 80_000

let cluster: LocalCluster
let folder: string
beforeAll(async () => {
  cluster = await startCluster({ ...rayOptions(), numCpus: 2, objectStoreMemory: 200_000_000 })
  return () => cluster.stop()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klaw-demo-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

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
  const args = ['--import', 'tsx', 'demo/main.ts', '--json', '--address', cluster.address, ...options, folder]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const report = Promise.all([once(child, 'close'), text(child.stdout)]).then(([[code], stdout]) => {
    return { code: code as number | null, report: stdout === '' ? undefined : JSON.parse(stdout), errors }
  })
  const hasBegun = async () => {
    await until(() => /^counting: [1-9]/m.test(errors) || child.exitCode !== null)
    expect(child.exitCode, errors).toBe(null)
  }
  return { child, report, hasBegun }
}

/** The Node processes of the counters, and the workers of Ray's that have started them. */
function counters(): { readonly children: ProcessIdentity[]; readonly workers: ProcessIdentity[] } {
  return { children: processesLike(cluster, /ray-host\.js/), workers: processesLike(cluster, /^ray::Counter/) }
}

/** Whatever the demo had running in the cluster ends with it. */
async function untilNothingIsLeft(): Promise<void> {
  const { children, workers } = counters()
  await untilGone([...children, ...workers, ...processesLike(cluster, /^ray::KlawAgent/)])
  expect(counters()).toEqual({ children: [], workers: [] })
}

test('the demo on Ray counts what one thread counts', async () => {
  makeFiles(100)
  const { code, report, errors } = await start('--workers', '2', '--check').report
  expect(errors).toMatch(/^Counters, each in a process of its own, in ray:\/\/\S+: 2\./)
  expect(report).toMatchObject({ files: 100, bytes: 100 * content.length, complete: true, workers: 2 })
  expect(report.check).toEqual({ equal: true, differences: [] })
  expect(report.pipeline.bytesByCounter).toHaveLength(2)
  expect(code).toBe(0)
  if (process.platform === 'linux') await untilNothingIsLeft()
})

for (const part of ['children', 'workers'] as const) {
  const what = part === 'children' ? "a counter's Node process" : "a counter's worker of Ray's"
  onLinux(`${what} is killed: what it had goes to the other one, and nothing counts twice`, async () => {
    // Counted in some seconds: it must not be over by the time that it has said to have begun, once a second.
    makeFiles(800)
    const { report: ended, hasBegun } = start('--workers', '2', '--check')
    await hasBegun()
    const victims = counters()
    expect(victims.children).toHaveLength(2)
    expect(victims.workers).toHaveLength(2)
    process.kill(victims[part][0]?.pid as number, 'SIGKILL')
    const { code, report, errors } = await ended
    expect(errors).toMatch(/^counter [01] is gone \(ActorDiedError\): what it had goes to the others$/m)
    expect(report).toMatchObject({ files: 800, complete: true, check: { equal: true, differences: [] } })
    expect(code).toBe(0)
    await untilGone([...victims.children, ...victims.workers])
    await untilNothingIsLeft()
  })
}

onLinux('Ctrl-C stops it in order, with totals that are consistent, and leaves nothing running', async () => {
  makeFiles(3_000)
  const { child, report: ended, hasBegun } = start('--workers', '2')
  await hasBegun()
  const { children, workers } = counters()
  expect(children).toHaveLength(2)
  child.kill('SIGINT')
  const { code, report, errors } = await ended
  expect(errors).not.toContain('is gone')
  expect(report).toMatchObject({ interrupted: true, complete: false, bytes: report.files * content.length })
  expect(report.words).toBe(report.files * wordsEach)
  expect(report.files).toBeGreaterThan(0)
  expect(report.files).toBeLessThan(3_000)
  expect(code).toBe(130)
  await untilGone([...children, ...workers])
  await untilNothingIsLeft()
})

onLinux('it fails, and says why, when all counters are gone', async () => {
  makeFiles(3_000)
  const { report: ended, hasBegun } = start('--workers', '2')
  await hasBegun()
  for (const { pid } of counters().children) process.kill(pid, 'SIGKILL')
  const { code, report, errors } = await ended
  expect(errors.match(/^counter [01] is gone \(ActorDiedError\)/gm)).toHaveLength(2)
  expect(errors).toContain('demo failed: Error: all counters are gone')
  expect(errors).toMatch(/its Node process ended by SIGKILL/)
  expect({ code, report }).toEqual({ code: 1, report: undefined })
  await untilNothingIsLeft()
})
