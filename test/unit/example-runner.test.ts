import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { complete, type Source } from '../support/examples/complete.ts'
import { blocksOf, docCommentsOf } from '../support/examples/extract.ts'
import { runAll } from '../support/examples/run-all.ts'

const fence = '```'
const sources: Source[] = [
  {
    from: 'pkg',
    exports: new Map([
      ['channel', 'value'],
      ['connect', 'value'],
      ['Sender', 'type'],
    ]),
  },
  {
    from: './own.ts',
    exports: new Map([
      ['channel', 'value'],
      ['Internal', 'value'],
    ]),
  },
]

/** The line that `complete` puts before the code. */
const added = (code: string) => complete(code, sources).split('\n')[0]

test('blocks are found with their line, others and those of other languages are not', () => {
  const text = ['a', `${fence}ts`, 'one()', fence, `${fence}sh`, 'ls', fence, `  ${fence}ts`, '  two()', `  ${fence}`]
  expect(blocksOf(text.join('\n'))).toEqual([
    { line: 3, code: 'one()' },
    { line: 9, code: 'two()' },
  ])
})

test('blocks of another language, when they are asked for', () => {
  const text = [`${fence}ts`, 'one()', fence, `${fence}python`, '# a.py', 'x = 1', fence]
  expect(blocksOf(text.join('\n'), 'python')).toEqual([{ line: 5, code: '# a.py\nx = 1' }])
})

test('a runtime is embedded, or on a cluster where the first line says so', () => {
  expect(added('klaw.x()')).toContain('await using klaw = await connect();')
  expect(added('// on Ray\nklaw.x()')).toContain(
    "connect('ray://head:10001', { runtimeEnv: { working_dir: 'python' } })",
  )
  expect(added("const klaw = await connect('ray://head:10001')")).not.toContain('await using')
})

test('a block that never ends is an error', () => {
  expect(() => blocksOf(`${fence}ts\none()`)).toThrow('the block at line 1 is not closed')
})

test('only doc comments are read, on the lines where they stand', () => {
  const source = ['/**', ' * Hello', ` * ${fence}ts`, ' * one()', ` * ${fence}`, ' */', '/* not this */', 'code()']
  expect(blocksOf(docCommentsOf(source.join('\n')))).toEqual([{ line: 4, code: 'one()' }])
  expect(docCommentsOf(source.join('\n'))).not.toMatch(/not this|code/)
})

test('what an example uses of the package is imported, types as types', () => {
  expect(added('const [a] = channel(); const b: Sender<number> = a')).toBe(
    "import { channel, type Sender } from 'pkg'; export {}",
  )
})

test('what only its own module exports is imported from there', () => {
  expect(added('new Internal(channel())')).toBe(
    "import { Internal } from './own.ts'; import { channel } from 'pkg'; export {}",
  )
})

test('what it declares or imports itself is left alone, and so are members of that name', () => {
  expect(added("import { channel } from 'pkg'; channel()")).toBe('export {}')
  expect(added('const channel = 1; console.log(channel)')).toBe('export {}')
  expect(added('console.log({ channel: 1 }.channel)')).toBe('export {}')
})

test('undeclared ends and runtimes are provided', () => {
  expect(added('await tx.send(1)')).toContain('const [tx, rx] = channel<any>({ capacity: 16 }); export {}')
  expect(added('await rx.recv()')).toContain('await tx.close()')
  expect(added('const [tx, rx] = channel()')).not.toContain('capacity')
  expect(added('klaw.put(1)')).toContain('await using klaw = await connect()')
})

test('an example that throws, rejects late or ends the process fails, and only that one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-examples-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string, code: string) => {
    writeFileSync(join(folder, name), `export {}\n${code}`)
    return join(folder, name)
  }
  const good = file('good.mts', 'await Promise.resolve()')
  const throws = file('throws.mts', "throw new Error('on purpose')")
  const rejects = file('rejects.mts', "void Promise.reject(new Error('late'))")
  const alsoGood = file('also-good.mts', 'console.log(1)')
  const exits = file('exits.mts', "console.log('bye'); process.exit(3)")

  const outcomes = await runAll([good, throws, rejects, alsoGood, exits])
  expect(outcomes.get(good)).toBeUndefined()
  expect(outcomes.get(throws)).toContain('Error: on purpose')
  expect(outcomes.get(rejects)).toContain('unhandled rejection: Error: late')
  expect(outcomes.get(alsoGood)).toBeUndefined()
  expect(outcomes.get(exits)).toMatch(/ended with code 3 before it was done\nbye/)
})
