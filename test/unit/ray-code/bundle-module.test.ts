import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Bundle, bundleModule } from '../../../src/engine/ray/code/bundle-module.ts'
import { KlawError } from '../../../src/errors.ts'
import { makeProject, type Project } from './project.ts'

const run = promisify(execFile)

/** Runs code that may import the bundle as './module.mjs', in a folder with nothing else but this package. */
async function runBundle(project: Project, bundle: Bundle, code: string): Promise<string> {
  const folder = project.path('cluster')
  await mkdir(join(folder, 'node_modules/@klaw'), { recursive: true })
  await mkdir(project.path('package'), { recursive: true })
  await writeFile(
    project.path('package/package.json'),
    JSON.stringify({ name: '@klaw/core', type: 'module', exports: { '.': './core.js' } }),
  )
  await writeFile(
    project.path('package/core.js'),
    "export const actor = (meta, Class) => ({ url: meta.url, Class })\nexport const marker = 'shared'\n",
  )
  await symlink(project.path('package'), join(folder, 'node_modules/@klaw/core'))
  for (const [name, bytes] of bundle.files) await writeFile(join(folder, name), bytes)
  await writeFile(join(folder, 'main.mjs'), code)
  const { stdout } = await run(process.execPath, ['--enable-source-maps', join(folder, 'main.mjs')])
  return stdout.trim()
}

function textOf({ files }: Bundle, name: string): string {
  return Buffer.from(files.get(name) ?? []).toString()
}

async function problem(project: Project, name = 'entry.ts'): Promise<string> {
  const error = await bundleModule(project.url(name)).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(KlawError)
  return (error as KlawError).message
}

describe('what is bundled', () => {
  test('TypeScript, a dependency and CommonJS run from one file, and share this package with who runs them', async () => {
    await using project = await makeProject({
      'entry.ts': `
        import { actor, marker } from '@klaw/core'
        import { helper } from './helper.ts'
        import legacy from 'legacy'
        import { modern } from 'modern'
        const require = (name: string) => name
        export const Counter = actor(import.meta, class Counter {})
        export const shown = [marker, helper(1), modern, legacy.folder === import.meta.dirname, legacy.os, legacy.core, require('mine')]
        export const top: number = await Promise.resolve(7)
        export default class Helper {}
      `,
      'helper.ts': 'enum Level { low = 1 }\nexport const helper = (value: number): string => Level[value] as string\n',
      'node_modules/legacy/package.json': '{ "name": "legacy", "main": "index.js" }',
      'node_modules/legacy/index.js':
        "const load = (name) => require(name)\nexports.folder = __dirname\nexports.os = typeof load('os').cpus\nexports.core = require('@klaw/core').marker\n",
      'node_modules/modern/package.json':
        '{ "name": "modern", "type": "module", "exports": { "module": "./bundlers.js", "import": "./node.js" } }',
      'node_modules/modern/node.js': "export const modern = 'as Node resolves it'",
      'node_modules/modern/bundlers.js': "export const modern = 'as bundlers do'",
    })
    const bundle = await bundleModule(project.url('entry.ts'))
    const code = `
      import * as module from './module.mjs'
      console.log(JSON.stringify([module.shown, module.top, module.Counter.Class.name, module.Counter.url.endsWith('/module.mjs'), module.default.name]))`
    expect(JSON.parse(await runBundle(project, bundle, code))).toEqual([
      ['shared', 'low', 'as Node resolves it', true, 'function', 'shared', 'mine'],
      7,
      'Counter',
      true,
      'Helper',
    ])
    expect([...bundle.inputs].sort()).toEqual(
      ['entry.ts', 'helper.ts', 'node_modules/legacy/index.js', 'node_modules/modern/node.js']
        .map((name) => project.path(name))
        .sort(),
    )
  })

  test('stacks name the lines of the original files, also behind CommonJS', async () => {
    await using project = await makeProject({
      'entry.ts':
        "import './legacy.cjs'\n\ninterface Unused { readonly a: number }\n\nexport function fail(): never {\n  throw new Error('here')\n}\n",
      'legacy.cjs': "require('os')\nmodule.exports = {}\n",
    })
    const bundle = await bundleModule(project.url('entry.ts'))
    expect(textOf(bundle, 'module.mjs')).toMatch(/^import \{ createRequire/)
    const code = `import { fail } from './module.mjs'\ntry { fail() } catch (error) { console.log(error.stack) }`
    expect(await runBundle(project, bundle, code)).toMatch(`at fail (${project.path('entry.ts')}:6:9)`)
  })

  test('the map has the texts of the program, not those of installed packages', async () => {
    await using project = await makeProject({
      'entry.ts': "import { part } from 'part'\nexport const whole = part",
      'node_modules/part/index.js': 'exports.part = 1',
    })
    const map = JSON.parse(textOf(await bundleModule(project.url('entry.ts')), 'module.mjs.map'))
    const texts = Object.fromEntries(
      map.sources.map((source: string, index: number) => [source, map.sourcesContent[index]]),
    )
    expect(texts[project.url('entry.ts')]).toContain('export const whole')
    expect(texts[project.url('node_modules/part/index.js')]).toBe(null)
  })

  test('paths of a tsconfig.json hold, and imports of types only do not count', async () => {
    await using project = await makeProject({
      'tsconfig.json': '{ "compilerOptions": { "baseUrl": ".", "paths": { "~/*": ["./lib/*"] } } }',
      'src/entry.ts':
        "import { value } from '~/value'\nimport type { Cluster } from '@klaw/core/cluster'\nexport const x: Cluster = value",
      'lib/value.ts': 'export const value = 5',
    })
    const bundle = await bundleModule(project.url('src/entry.ts'))
    expect(await runBundle(project, bundle, "import { x } from './module.mjs'\nconsole.log(x)")).toBe('5')
  })

  test('the same files make the same bytes, wherever the process was started', async () => {
    await using project = await makeProject({ 'entry.ts': 'export const one = 1' })
    const first = await bundleModule(project.url('entry.ts'))
    const again = await bundleModule(`${project.url('entry.ts')}?version=2`)
    expect(again.files).toEqual(first.files)
    expect(textOf(first, 'module.mjs')).not.toContain(process.cwd())
  })

  test('files and data by URL', async () => {
    await using project = await makeProject({ 'inner.js': 'export const inner = 3' })
    const text = `import { inner } from '${project.url('inner.js')}'\nimport data from 'data:application/json,{"a":1}'\nexport const both = [inner, data.a]`
    await project.write({ 'entry.js': text })
    const bundle = await bundleModule(project.url('entry.js'))
    expect(await runBundle(project, bundle, "import { both } from './module.mjs'\nconsole.log(both.join())")).toBe(
      '3,1',
    )
    expect([...bundle.inputs].sort()).toEqual([project.path('entry.js'), project.path('inner.js')])
  })

  test('a package that tries a native addon, and does without, is bundled', async () => {
    await using project = await makeProject({
      'entry.mjs': "export { fast } from 'maybe'",
      'node_modules/maybe/index.js':
        "try { exports.fast = require('node-gyp-build')(__dirname) } catch (error) { exports.fast = error.message }",
      'node_modules/node-gyp-build/index.js': "module.exports = () => { throw new Error('not reached') }",
    })
    const bundle = await bundleModule(project.url('entry.mjs'))
    const message = await runBundle(project, bundle, "import { fast } from './module.mjs'\nconsole.log(fast)")
    expect(message).toContain('native addons can not be used in actors and tasks on Ray (node-gyp-build, asked by')
    expect(message).toContain(project.path('node_modules/maybe/index.js'))
  })

  test('what is required in a try, and is not there, is a matter of the cluster', async () => {
    await using project = await makeProject({
      'entry.cjs': "try { exports.found = require('absent') } catch (error) { exports.found = error.code }",
    })
    const bundle = await bundleModule(project.url('entry.cjs'))
    const code = "import module from './module.mjs'\nconsole.log(module.found)"
    expect(await runBundle(project, bundle, code)).toBe('MODULE_NOT_FOUND')
  })
})

describe('what is refused, with the file and the line', () => {
  test('a native addon', async () => {
    await using project = await makeProject({
      'entry.ts': "import 'native'",
      'node_modules/native/index.js': "\nmodule.exports = require('./build/native.node')",
      'node_modules/native/build/native.node': '',
    })
    const message = await problem(project)
    expect(message).toContain(`${project.url('entry.ts')} can not be bundled for the cluster: `)
    expect(message).toContain(`${project.path('node_modules/native/index.js')}:2:26: `)
    expect(message).toContain("'./build/native.node' is a native addon")
    expect(message).toContain('bundled from JavaScript, TypeScript and JSON only')
  })

  test('the entry point for clusters of this machine', async () => {
    await using project = await makeProject({ 'entry.ts': "import { up } from '@klaw/core/cluster'\nup()" })
    const message = await problem(project)
    expect(message).toContain(`${project.path('entry.ts')}:1:20: '@klaw/core/cluster' starts clusters on this machine`)
  })

  test('other paths into this package', async () => {
    await using project = await makeProject({ 'entry.ts': "import '@klaw/core/dist/index.js'" })
    expect(await problem(project)).toContain("'@klaw/core/dist/index.js' is no part of this package")
  })

  test('a module that is not there', async () => {
    await using project = await makeProject({
      'entry.ts': "import { a } from './inner.ts'\nexport { a }",
      'inner.ts': "import 'not-installed'\nimport './gone.ts'\nexport const a = 1",
    })
    const message = await problem(project)
    expect(message).toContain(`${project.path('inner.ts')}:1:8: Could not resolve "not-installed"`)
    expect(message).toContain(`${project.path('inner.ts')}:2:8: Could not resolve "./gone.ts"`)
  })

  test('a module from the network', async () => {
    await using project = await makeProject({ 'entry.ts': "import 'https://example.com/module.js'" })
    expect(await problem(project)).toContain(
      `${project.path('entry.ts')}:1:8: 'https://example.com/module.js' is not a file`,
    )
  })

  test('a syntax error', async () => {
    await using project = await makeProject({ 'entry.ts': 'export const ok = 1\nexport const = 2\n' })
    expect(await problem(project)).toContain(`${project.path('entry.ts')}:2:14: Expected identifier but found "="`)
  })

  test('more mistakes than anybody reads at once are counted', async () => {
    const imports = Array.from({ length: 8 }, (_, index) => `import './gone-${index}.ts'`)
    await using project = await makeProject({ 'entry.ts': imports.join('\n') })
    const lines = (await problem(project)).split('\n')
    expect(lines).toHaveLength(6)
    expect(lines.at(-1)).toBe('and 3 more')
  })

  test.each(['data:text/javascript,export%20default%201', 'https://example.com/a.js', 'node:fs', 'no URL'])(
    'a definition in %s, which is no file',
    async (url) => {
      await expect(bundleModule(url)).rejects.toThrow(`${url} can not be bundled for the cluster: it is not a file`)
    },
  )

  test('a file that is gone', async () => {
    await using project = await makeProject({})
    expect(await problem(project, 'gone.ts')).toMatch(/Could not resolve ".*gone\.ts"/)
  })
})
