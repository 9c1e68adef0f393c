import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runNode, runProgram } from '../../support/run-program.ts'

const program = (name: string) => new URL(`../../fixtures/actors/programs/${name}`, import.meta.url)

/** Far below what a forgotten timer or port would take. */
const soon = 2_000

test('an idle program ends by itself, detached actors or not', async () => {
  const end = await runProgram(program('idle.mjs'))
  expect(end).toMatchObject({ code: 0, stdout: 'own world\npooled world\ndetached world\n', stderr: '' })
  expect(end.lingered).toBeLessThan(soon)
})

test('pending calls keep the program alive, and what actors print arrives', async () => {
  const end = await runProgram(program('pending.mjs'))
  expect(end).toMatchObject({ code: 0, stdout: 'fire and forget\nafter a while\n', stderr: '' })
  expect(end.lingered).toBeLessThan(soon)
})

test.each([['idle'], ['shutdown']])('what actors print last arrives, %s', async (how) => {
  for (let turn = 0; turn < 5; turn++) {
    const { code, stdout } = await runNode([fileURLToPath(program('prints.mjs')), how])
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    // Each thread has a stream of its own: what they print is not in order with one another.
    expect(lines.filter((line) => line !== 'pooled')).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5'])
    expect(lines.length).toBe(6)
  }
})

test('a program without a file, given by --eval', async () => {
  const code = `
    import { connect } from '@klaw/core'
    import { Greeter } from '${new URL('../../fixtures/actors/greeter.mjs', import.meta.url).href}'
    const klaw = await connect()
    console.log(await klaw.actor(Greeter).remote('evaluated').greet.remote('too'))
  `
  const end = await runNode(['--input-type=module', '--expose-gc', '--eval', code])
  expect(end).toMatchObject({ code: 0, stdout: 'evaluated too\n', stderr: '' })
})

test('shutting down refuses what is pending', async () => {
  const end = await runProgram(program('shutdown.mjs'))
  expect(end).toMatchObject({ code: 0, stderr: '' })
  expect(end.stdout).toBe('RuntimeClosedError: the runtime has been shut down\ntrue\n')
  expect(end.lingered).toBeLessThan(soon)
})

test('process.exit ends the threads too', async () => {
  expect(await runProgram(program('exits.mjs'))).toMatchObject({ code: 4, stdout: '', stderr: '' })
})

test('a program that throws ends with its error', async () => {
  const end = await runProgram(program('throws.mjs'))
  expect(end.code).toBe(1)
  expect(end.stderr).toContain('Error: the program itself failed')
})

test('a class in the main script is refused, with what to do', async () => {
  const end = await runProgram(program('main-script.mjs'))
  expect(end).toMatchObject({ code: 0, stderr: '' })
  const [first, second] = end.stdout.split('\n')
  expect(first).toMatch(
    /^ActorDiedError: actor Inline \(1\.1\) could not be created: .*main-script\.mjs, can not be loaded/,
  )
  expect(second).toMatch(/^connect\(\) was called while .*main-script\.mjs was imported .*in a module of their own/)
})

test('TypeScript actors of a TypeScript program, under tsx', async () => {
  expect(await runProgram(program('typescript.ts'), '--import', 'tsx')).toMatchObject({
    code: 0,
    stdout: '42\n',
    stderr: '',
  })
})
