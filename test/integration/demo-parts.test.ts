import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { differences } from '../../demo/check.ts'
import { FileCounter } from '../../demo/file-counter.ts'
import { countFiles, listFiles } from '../../demo/lister.ts'
import { parseOptions, UsageError } from '../../demo/options.ts'
import { progressLine, showProgress } from '../../demo/progress.ts'
import { Totals } from '../../demo/totals.ts'
import type { Unreadable } from '../../demo/unreadable.ts'
import { WordCounter } from '../../demo/words.ts'

const never = new AbortController().signal
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klaw-demo-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Writes a file below the folder and returns its path. */
function file(name: string, content: string | Uint8Array = name): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}

describe('words', () => {
  const count = (...parts: string[]) => {
    const counts = new Map<string, number>()
    const words = new WordCounter(counts)
    for (const part of parts) words.add(part)
    return { total: words.end(), counts: Object.fromEntries(counts) }
  }

  test('are runs of letters of any language', () => {
    const counts = { one: 2, Straße: 1, नमस्ते: 1, один: 1, b: 1 }
    expect(count('one, один_one 22 Straße\nनमस्ते b4')).toEqual({ total: 6, counts })
  })

  test('may stand across the border of two parts', () => {
    const text = `${'a'.repeat(150)} the quick-brown fox, ${'b'.repeat(64)}`
    for (let border = 0; border <= text.length; border++) {
      expect(count(text.slice(0, border), text.slice(border)), `border ${border}`).toEqual(count(text))
    }
  })

  test('longer than 64 letters are cut', () => {
    expect(count('a'.repeat(130))).toEqual({ total: 3, counts: { ['a'.repeat(64)]: 2, aa: 1 } })
  })
})

describe('a file', () => {
  test('is counted and hashed', async () => {
    const path = file('a.txt', 'one two One\n')
    const work = new FileCounter()
    const digest = createHash('sha256').update('one two One\n').digest('hex')
    expect(await work.count(path, never)).toEqual({ kind: 'text', bytes: 12, words: 3, digest })
    expect(Object.fromEntries(work.takeCounts())).toEqual({ one: 2, two: 1 })
    expect(work.takeCounts().size).toBe(0)
  })

  test('that is larger than a chunk counts as if it were read at once', async () => {
    // Characters of three bytes, so that the border of a chunk falls into one; no break at the borders of words either.
    const text = 'один€два '.repeat(200_000)
    const path = file('large.txt', text)
    const work = new FileCounter()
    const digest = createHash('sha256').update(text).digest('hex')
    expect(await work.count(path, never)).toEqual({
      kind: 'text',
      bytes: Buffer.byteLength(text),
      words: 400_000,
      digest,
    })
    expect(Object.fromEntries(work.takeCounts())).toEqual({ один: 200_000, два: 200_000 })
  })

  test('that is large counts for nothing when the signal aborts half-way', async () => {
    const path = file('large.txt', 'word '.repeat(500_000))
    const work = new FileCounter()
    const controller = new AbortController()
    const counting = work.count(path, controller.signal)
    controller.abort()
    expect(await counting).toBeUndefined()
    expect(work.takeCounts().size).toBe(0)
  })

  test('with a NUL byte in its first 8 KB is no text', async () => {
    const work = new FileCounter()
    expect(await work.count(file('b', Buffer.from('a\0b')), never)).toEqual({ kind: 'not text' })
    const late = Buffer.alloc(8193, 'a ')
    late[8192] = 0
    expect(await work.count(file('c', late), never)).toMatchObject({ kind: 'text', bytes: 8193 })
  })

  test('that is empty is an empty text', async () => {
    expect(await new FileCounter().count(file('empty', ''), never)).toMatchObject({ kind: 'text', bytes: 0, words: 0 })
  })

  test('that cannot be read is named, with the reason', async () => {
    const path = join(folder, 'gone')
    const reason = 'it has vanished (ENOENT)'
    expect(await new FileCounter().count(path, never)).toEqual({ kind: 'unreadable', path, reason })
  })
})

describe('the lister', () => {
  const list = async (...paths: string[]) => {
    const refused: Unreadable[] = []
    const files: string[] = []
    for await (const path of listFiles(paths, (unreadable) => refused.push(unreadable))) files.push(path)
    return { files: files.sort(), refused }
  }

  test('finds every file once', async () => {
    const files = [file('a'), file('deep/er/b'), file('deep/c')].sort()
    expect(await list(folder)).toEqual({ files, refused: [] })
    expect(await list(join(folder, 'deep'), folder, folder, join(folder, 'a'))).toEqual({ files, refused: [] })
    expect(await countFiles([folder], never)).toBe(3)
  })

  test('takes a single file', async () => {
    expect(await list(file('a'))).toEqual({ files: [join(folder, 'a')], refused: [] })
  })

  test('names what loops, what leads nowhere, and what has gone', async () => {
    const only = file('inner/deep/a')
    symlinkSync('../..', join(folder, 'inner/deep/up'))
    symlinkSync('self', join(folder, 'self'))
    symlinkSync('nowhere', join(folder, 'dangling'))
    const { files, refused } = await list(folder, join(folder, 'gone'))
    expect(files).toEqual([only])
    expect(refused.map(({ path }) => path.slice(folder.length + 1)).sort()).toEqual([
      'dangling',
      'gone',
      'inner/deep/up',
      'self',
    ])
    expect(refused.find(({ path }) => path.endsWith('up'))?.reason).toMatch(/^a link back to /)
    expect(refused.find(({ path }) => path.endsWith('dangling'))?.reason).toBe('a link to nothing (ENOENT)')
    expect(refused.find(({ path }) => path.endsWith('self'))?.reason).toMatch(/ELOOP/)
  })

  test('follows links that lead out, and no others', async () => {
    const inside = file('walked/a')
    file('outside/b')
    file('c')
    symlinkSync('a', join(folder, 'walked/again'))
    symlinkSync('../outside', join(folder, 'walked/out'))
    symlinkSync('../outside', join(folder, 'walked/out-again'))
    symlinkSync('../c', join(folder, 'walked/c'))
    // From the outside back in, which must not begin the walk anew.
    symlinkSync('../walked', join(folder, 'outside/back'))
    const { files, refused } = await list(join(folder, 'walked'))
    const out = files.filter((path) => path.includes('/out'))
    expect(files).toEqual([inside, join(folder, 'walked/c'), ...out])
    expect(out).toHaveLength(1)
    expect(refused).toEqual([])
  })
})

describe('totals', () => {
  const totals = (...texts: string[]) => {
    const sum = new Totals()
    for (const text of texts) {
      const digest = createHash('sha256').update(text).digest('hex')
      sum.addFile({ kind: 'text', bytes: text.length, words: 1, digest })
      sum.addWords(new Map([[text, 1]]))
    }
    return sum
  }

  test('do not depend on the order', () => {
    expect(differences(totals('a', 'b', 'c'), totals('c', 'a', 'b'))).toEqual([])
  })

  test('say what differs', () => {
    expect(differences(totals('a'), totals('a', 'b')).map((line) => line.split(':', 1)[0])).toEqual([
      'files',
      'bytes',
      'words',
      'different words',
      'digest',
      "'b'",
    ])
    expect(differences(totals('a'), totals('b'))).toHaveLength(3)
  })

  test('list the words of five letters and more', () => {
    const sum = new Totals()
    sum.addWords(new Map(Object.entries({ letter: 2, words: 2, four: 9 })))
    sum.addWords(new Map(Object.entries({ letter: 1 })))
    expect(sum.topWords(5)).toEqual(Object.entries({ letter: 3, words: 2 }))
  })
})

describe('options', () => {
  const wrong = (...args: string[]) => {
    try {
      parseOptions(args, folder)
    } catch (error) {
      if (error instanceof UsageError) return error.message
      throw error
    }
    return 'accepted'
  }

  test('have defaults', () => {
    const options = parseOptions([], folder)
    expect(options).toMatchObject({ check: false, json: false, help: false, address: undefined })
    expect(options.workers).toBeGreaterThan(0)
    expect(options.paths.length).toBeGreaterThan(10)
  })

  test('take paths, relative to the folder', () => {
    const path = file('a')
    const options = parseOptions(['--workers', '3', '--check', 'a', '--address=embedded'], folder)
    expect(options).toMatchObject({ paths: [path], workers: 3, check: true, address: 'embedded' })
  })

  test.each(['0', '-1', '1.5', 'many', '', '1e2', '1001'])('refuse --workers=%s', (workers) => {
    expect(wrong(`--workers=${workers}`)).toBe(`--workers takes a whole number from 1 to 1000, got '${workers}'`)
  })

  test('refuse what they do not know', () => {
    expect(wrong('--fast')).toMatch(/'--fast'/)
    expect(wrong('--workers')).toMatch(/--workers/)
    expect(wrong('gone')).toBe(`there is no file or folder ${join(folder, 'gone')}`)
  })
})

describe('progress', () => {
  const snapshot = { files: 1234, expected: 5678, bytes: 12_300_000, shares: [1, 3] }

  test('is one line', () => {
    expect(progressLine(snapshot, 2_000)).toBe('1,234 of 5,678 files · 12.3 MB · 6.2 MB/s · shares 25 % 75 %')
    expect(progressLine({ ...snapshot, expected: undefined, shares: [] }, 0)).toBe('1,234 files · 12.3 MB · 0.0 MB/s')
  })

  test('is plain where there is no terminal, and says how it ended', () => {
    let written = ''
    showProgress('work', { write: (text) => (written += text) }, () => snapshot)[Symbol.dispose]()
    expect(written).toMatch(/^work: 1,234 of 5,678 files · .*\n$/)
  })

  test('is a bar on a terminal, which gives the cursor back', () => {
    let written = ''
    const screen = { isTTY: true, write: (text: string) => (written += text) }
    showProgress('work', screen, () => snapshot)[Symbol.dispose]()
    expect(written).toContain('21% · 1,234 of 5,678 files')
    expect(written.lastIndexOf('\x1b[?25h')).toBeGreaterThan(written.lastIndexOf('\x1b[?25l'))
  })
})
