import { expect, test } from 'vitest'
import { runProgram } from '../../support/run-program.ts'

const program = (name: string) => new URL(`../../fixtures/objects/programs/${name}`, import.meta.url)

/** Far below what a forgotten timer or port would take. */
const soon = 2_000

test('refs and queues that are held keep no program alive, and a failure that nobody sees ends none', async () => {
  const end = await runProgram(program('idle.mjs'))
  expect(end).toMatchObject({ code: 0, stderr: '' })
  expect(end.stdout).toMatch(/^1000000 theirs item \[ \[ ObjectRef\(1\.\d+\) \], \[\] \]\n$/)
  expect(end.lingered).toBeLessThan(soon)
})

test('what is waited for keeps the program alive until it is there', async () => {
  const end = await runProgram(program('pending.mjs'))
  expect(end).toMatchObject({ code: 0, stdout: 'after a while\ngot an item\n', stderr: '' })
  expect(end.lingered).toBeLessThan(soon)
})
