import { fileURLToPath } from 'node:url'
import { expect, inject, test } from 'vitest'
import { run } from '../../../scripts/lib/run.mjs'
import { Ends } from '../../fixtures/actors/ends.ts'
import { session } from './session.ts'

const program = fileURLToPath(new URL('../../fixtures/python/typescript_callers.py', import.meta.url))
const companion = fileURLToPath(new URL('../../../python', import.meta.url))

/** Runs the program as a driver of its own, which finds the actor by its name. */
async function callFromPython(name: string, withKlaw: boolean) {
  const klaw = await session({ namespace: 'typescript-callers' })
  const ends = klaw.actor(Ends, { name, numCpus: 0 }).remote()
  await ends.ready()
  const more = withKlaw ? ['with-klaw'] : []
  return run(inject('rayPython'), [program, inject('rayGcsAddress'), name, ...more], {
    env: { ...process.env, PYTHONPATH: withKlaw ? companion : '' },
  })
}

test('a program in Python calls an actor in TypeScript, with nothing of ours installed', async () => {
  expect(await callFromPython('plain', false)).toMatchObject({ code: 0, output: expect.stringMatching(/fine\s*$/) })
})

test('and passes it ends of channels, and gets some back', async () => {
  expect(await callFromPython('with-ends', true)).toMatchObject({ code: 0, output: expect.stringMatching(/fine\s*$/) })
})
