import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRuntimeEnv, ownRuntimeEnv } from '../../../src/engine/ray/own-runtime-env.ts'
import { prepareRuntimeEnv } from '../../../src/engine/ray/runtime-env.ts'
import { rejection } from '../../support/rejection.ts'

let folder = ''
const uploads = new Map<string, Uint8Array>()
const upload = async (uri: string, contents: Uint8Array) => {
  uploads.set(uri, contents)
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klaw-package-'))
  uploads.clear()
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(path: string, text = path): string {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

async function packed(env: Record<string, unknown>): Promise<{ uri: string; files: string[] }> {
  const prepared = await prepareRuntimeEnv(env, upload)
  const [uri] = [prepared?.working_dir, prepared?.py_modules].flat().filter((place) => place !== undefined) as [string]
  return { uri, files: Object.keys(unzipSync(uploads.get(uri) as Uint8Array)).sort() }
}

describe('a working directory', () => {
  test('is packed without what Ray leaves out, what is ignored, and what is excluded', async () => {
    for (const path of ['main.py', 'pkg/module.py', 'pkg/data/table.csv', 'keep/me.txt', 'pkg/local/x.py']) write(path)
    for (const path of ['.git/config', '.venv/x', 'node_modules/a/b.js', 'pkg/__pycache__/m.pyc', 'big.bin', 'a.log'])
      write(path)
    write('.gitignore', '*.log\n')
    write('pkg/.rayignore', '/local\n')
    const { uri, files } = await packed({ working_dir: folder, excludes: ['*.bin'] })
    expect(uri).toMatch(/^gcs:\/\/_ray_pkg_[0-9a-f]{32}\.zip$/)
    expect(files).toEqual(
      ['.gitignore', 'keep/me.txt', 'main.py', 'pkg/.rayignore', 'pkg/data/table.csv', 'pkg/module.py'].sort(),
    )
  })

  test('has a name that says what is in it, whenever it was touched', async () => {
    const file = write('main.py')
    const first = await packed({ working_dir: folder })
    utimesSync(file, 1, 1)
    expect((await packed({ working_dir: folder })).uri).toBe(first.uri)
    chmodSync(file, 0o755)
    const executable = await packed({ working_dir: folder })
    expect(executable.uri).not.toBe(first.uri)
    write('main.py', 'else')
    expect((await packed({ working_dir: folder })).uri).not.toBe(executable.uri)
  })

  test('with links that lead back, or nowhere, is packed all the same', async () => {
    write('inner/main.py')
    symlinkSync(folder, join(folder, 'inner/back'))
    symlinkSync(join(folder, 'nothing'), join(folder, 'broken'))
    expect((await packed({ working_dir: folder })).files).toEqual(['inner/main.py'])
  })

  test('that is too large, or none, is refused by name', async () => {
    truncateSync(write('large.bin'), 101 * 1024 * 1024)
    expect(await rejection(packed({ working_dir: folder }))).toMatchObject({
      message: expect.stringMatching(/'runtimeEnv.working_dir' has more than 100 MiB.*excludes/),
    })
    expect((await packed({ working_dir: folder, excludes: ['large.bin'] })).files).toEqual([])
    expect(await rejection(packed({ working_dir: join(folder, 'nowhere') }))).toMatchObject({ name: 'RangeError' })
    expect(await rejection(packed({ working_dir: join(folder, 'large.bin') }))).toMatchObject({ name: 'RangeError' })
  })
})

test('modules are packed with their own name, URIs are left alone', async () => {
  write('__init__.py')
  const { files } = await packed({ py_modules: [folder] })
  expect(files).toEqual([`${basename(folder)}/__init__.py`])
  const env = { working_dir: 's3://bucket/dir.zip', py_modules: ['gcs://x.zip'], env_vars: { A: 'b' } }
  expect(await prepareRuntimeEnv(env, upload)).toEqual(env)
  expect(await prepareRuntimeEnv(undefined, upload)).toBeUndefined()
})

test('requirements are read from a file', async () => {
  const pip = write('requirements.txt', '# comment\nnumpy==2.1\n\n  requests\n')
  expect(await prepareRuntimeEnv({ pip }, upload)).toEqual({ pip: ['numpy==2.1', 'requests'] })
  expect(await rejection(prepareRuntimeEnv({ pip: join(folder, 'no.txt') }, upload))).toMatchObject({
    name: 'RangeError',
  })
})

test.each([
  [{ pip: 7 }, 'runtimeEnv.pip'],
  [{ pip: { packages: 'numpy' } }, 'runtimeEnv.pip'],
  [{ working_dir: ['.'] }, 'runtimeEnv.working_dir'],
  [{ py_modules: '.' }, 'runtimeEnv.py_modules'],
  [{ excludes: [1] }, 'runtimeEnv.excludes'],
])('%j is refused', (env, name) => {
  expect(() => checkRuntimeEnv(env)).toThrow(`'${name}'`)
})

test('an actor of its own can not bring a folder', () => {
  expect(() => ownRuntimeEnv({ working_dir: folder })).toThrow('give it to connect()')
  expect(() => ownRuntimeEnv({ pip: 'requirements.txt' })).toThrow('give it to connect()')
  const env = { pip: ['numpy'], working_dir: 'gcs://a.zip' }
  expect(ownRuntimeEnv(env)).toBe(env)
})
