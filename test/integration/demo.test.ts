import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const onLinux = test.skipIf(process.platform !== 'linux')
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klaw-demo-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

type Child = ChildProcessByStdio<null, Readable, Readable>

interface Run {
  readonly child: Child
  /** Settles when the process has ended and nobody holds its output any more, which an orphan would. */
  readonly end: Promise<{ code: number | null; stdout: string; stderr: string }>
}

function launch(...args: string[]): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

function start(...args: string[]): Run {
  const child = launch(...args)
  const ended = once(child, 'close') as Promise<[number | null]>
  const end = Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { child, end: end.then(([[code], stdout, stderr]) => ({ code, stdout, stderr })) }
}

const run = (...args: string[]) => start(...args).end

/** What the demo should find in these texts, computed in another way. */
function expected(texts: readonly string[]) {
  const words = texts.flatMap((content) => content.split(/[^\p{L}\p{M}]+/u)).filter((word) => word !== '')
  const counts = new Map<string, number>()
  for (const word of words.map((word) => word.toLowerCase())) counts.set(word, (counts.get(word) ?? 0) + 1)
  return {
    files: texts.length,
    bytes: texts.reduce((sum, content) => sum + Buffer.byteLength(content), 0),
    words: words.length,
    differentWords: counts.size,
    digest: digestOf(texts),
    topWords: [...counts]
      .filter(([word]) => word.length >= 5)
      .sort(([a, timesA], [b, timesB]) => timesB - timesA || (a < b ? -1 : 1))
      .slice(0, 12)
      .map(([word, times]) => ({ word, times })),
  }
}

function digestOf(texts: readonly string[]): string {
  const digests = texts.map((content) => createHash('sha256').update(content).digest('hex')).sort()
  return createHash('sha256')
    .update(digests.map((digest) => `${digest}\n`).join(''))
    .digest('hex')
}

/** Many texts in folders, a large one, an empty one, and everything around them that is not to be counted. */
function makeTree(): string[] {
  const texts = Array.from({ length: 300 }, (_, index) => `File number ${index}: ${'alpha Beta gamma, '.repeat(index)}`)
  texts.push('', 'größe naïve 文字 слово\n'.repeat(100_000))
  for (const [index, content] of texts.entries()) {
    const below = join(folder, `folder ${index % 7}`, `${index % 5}`)
    mkdirSync(below, { recursive: true })
    writeFileSync(join(below, `${index}.txt`), content)
  }
  writeFileSync(join(folder, 'binary.txt'), Buffer.from('not\0text'))
  symlinkSync('.', join(folder, 'loop'))
  symlinkSync('nowhere', join(folder, 'dangling'))
  symlinkSync('binary.txt', join(folder, 'again.txt'))
  return texts
}

describe('the demo', () => {
  test('counts what there is, and its check agrees', async () => {
    const texts = makeTree()
    const { code, stdout, stderr } = await run('--check', '--json', '--workers', '3', folder)
    expect(stderr).toMatch(/^Counters, each on a thread of its own: 3\./)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ ...expected(texts), workers: 3, notText: 1, interrupted: false, complete: true })
    expect(report.check).toEqual({ equal: true, differences: [] })
    expect(report.unreadable).toHaveLength(2)
    expect(report.unreadable).toContainEqual({ path: join(folder, 'dangling'), reason: 'a link to nothing (ENOENT)' })
    expect(report.pipeline.bytesByCounter.reduce((sum: number, bytes: number) => sum + bytes)).toBe(report.bytes)
    expect(report.oneThread).toMatchObject({ files: texts.length, everyNthFile: 1 })
    expect(report.speedUp).toBeGreaterThan(0)
    expect(code).toBe(0)
  })

  test('prints plain lines where there is no terminal', async () => {
    const texts = makeTree()
    const { code, stdout, stderr } = await run('--check', folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    // No escape sequence, no line that is written over.
    for (const character of ['\x1b', '\r']) expect(stdout).not.toContain(character)
    expect(stdout).toMatch(/^counting: 303 of 303 files · .* MB\/s · shares \d+ %/m)
    expect(stdout).toMatch(/^one thread: 303 of 303 files · .* MB\/s$/m)
    expect(stdout).toMatch(/^text files +302 \(not text: 1, unreadable: 2\)$/m)
    expect(stdout).toContain(`${join(folder, 'loop')}: a link back to `)
    expect(stdout).toMatch(new RegExp(`^digest +${expected(texts).digest}$`, 'm'))
    expect(stdout).toMatch(/^speed-up +\d+\.\d\d ×/m)
    expect(stdout).toMatch(/^check +equal/m)
  })

  onLinux('names what it cannot read and goes on', async () => {
    writeFileSync(join(folder, 'good.txt'), 'good')
    // A file that exists and whose reading fails for everybody, and one that only root can read.
    symlinkSync('/proc/self/mem', join(folder, 'fails'))
    writeFileSync(join(folder, 'secret.txt'), 'secret')
    chmodSync(join(folder, 'secret.txt'), 0)
    const mayReadAll = process.getuid?.() === 0
    const { code, stdout } = await run('--check', '--json', folder)
    const { files, unreadable } = JSON.parse(stdout)
    expect(files).toBe(mayReadAll ? 2 : 1)
    expect(unreadable).toContainEqual({ path: join(folder, 'fails'), reason: 'reading failed (EIO)' })
    const denied = { path: join(folder, 'secret.txt'), reason: 'permission denied (EACCES)' }
    expect(unreadable.filter(({ path }: { path: string }) => path === denied.path)).toEqual(mayReadAll ? [] : [denied])
    expect(code).toBe(0)
  })

  onLinux('says so when the check differs', async () => {
    // Says something else each time it is read.
    symlinkSync('/proc/uptime', join(folder, 'uptime'))
    const { code, stdout } = await run('--check', folder)
    expect(stdout).toMatch(/^DIFFERENT +digest: [0-9a-f]{64} by the pipeline, [0-9a-f]{64} by the plain loop$/m)
    expect(code).toBe(1)
  })

  test('counts an empty folder', async () => {
    const { code, stdout } = await run('--check', '--json', folder)
    expect(JSON.parse(stdout)).toMatchObject({ ...expected([]), speedUp: 0, check: { equal: true } })
    expect(code).toBe(0)
  })

  test('refuses a wrong command line', async () => {
    const wrong = { code: 2, stdout: '' }
    const cases = { '--workers=0': '--workers takes', '--fast': "'--fast'", '--address=nowhere': "got 'nowhere'" }
    for (const [argument, message] of Object.entries(cases)) {
      const end = await run(argument)
      expect(end, argument).toMatchObject(argument.startsWith('--address') ? { code: 2 } : wrong)
      expect(end.stderr).toContain(message)
      expect(end.stderr).toContain('--help')
    }
  })

  test('explains itself', async () => {
    const { code, stdout, stderr } = await run('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const option of ['--workers', '--check', '--json', '--address', 'Ctrl-C']) expect(stdout).toContain(option)
  })
})

describe('stopped early, the demo', () => {
  const content = 'partial totals are totals '.repeat(40_000)

  /** More than a minute's work, and next to no space: one text under many names. */
  function makeLongWork(): number {
    const names = 3_000
    const first = join(folder, '0.txt')
    writeFileSync(first, content)
    for (let index = 1; index < names; index++) linkSync(first, join(folder, `${index}.txt`))
    return names
  }

  /** Waits until the demo says that it has counted some files. */
  async function someFiles(stream: Readable): Promise<void> {
    let output = ''
    await new Promise<void>((resolve, reject) => {
      stream.on('data', (chunk) => {
        output += chunk
        if (/^counting: [1-9]/m.test(output)) resolve()
      })
      stream.once('end', () => reject(new Error(`the demo ended before it had counted a file: ${output}`)))
    })
  }

  test('by Ctrl-C, prints partial totals that are consistent, and leaves nothing running', async () => {
    const names = makeLongWork()
    const { child, end } = start('--json', '--check', folder)
    await someFiles(child.stderr)
    child.kill('SIGINT')
    const { code, stdout, stderr } = await end
    expect(stderr).not.toMatch(/error/i)
    const report = JSON.parse(stdout)
    expect(report.files).toBeGreaterThan(0)
    expect(report.files).toBeLessThan(names)
    // Every file that was counted is in every sum, and none that was not.
    const { files } = report
    const one = expected([content])
    expect(report).toMatchObject({ bytes: one.bytes * files, words: one.words * files })
    expect(report.topWords).toEqual(one.topWords.map(({ word, times }) => ({ word, times: times * files })))
    expect(report.digest).toBe(digestOf(new Array<string>(files).fill(content)))
    expect(report).toMatchObject({ interrupted: true, complete: false, unreadable: [] })
    expect(report.check).toBeUndefined()
    expect(code).toBe(130)
  })

  test('says in words that the totals are partial', async () => {
    makeLongWork()
    const { child, end } = start(folder)
    await someFiles(child.stdout)
    child.kill('SIGINT')
    const { code, stdout, stderr } = await end
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    expect(stdout).toContain('interrupted: these totals are partial\n')
    expect(stdout).not.toContain('speed-up')
  })

  test('by a reader that goes away, ends without a word', async () => {
    makeLongWork()
    const child = launch(folder)
    const exit = once(child, 'exit')
    const stderr = text(child.stderr)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    expect(await exit).toEqual([130, null])
    expect(await stderr).toBe('')
  })
})

test('nobody imports more than the public API', () => {
  const importOf = /from '([^']+)'/g
  const files = ['main', 'pipeline', 'lister', 'counter-actor', 'reducer', 'progress', 'one-thread', 'plain-loop']
  const sources = files.flatMap((name) => [...readFileSync(join(root, `demo/${name}.ts`), 'utf8').matchAll(importOf)])
  const others = sources.map(([, source]) => source!).filter((source) => !source.startsWith('./'))
  expect(others.filter((source) => !/^(node:|@klaw\/core$|cli-progress$)/.test(source))).toEqual([])
})
