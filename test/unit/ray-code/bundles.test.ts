import { utimes } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Bundles } from '../../../src/engine/ray/code/bundles.ts'
import { makeProject, type Project } from './project.ts'

/** Numbers what it makes, of files that were there long before. */
async function counting(freshness: number, files: readonly string[] = ['a.ts', 'b.ts']) {
  const project = await makeProject(Object.fromEntries(files.map((name) => [name, 'one'])))
  await age(project, files)
  let made = 0
  const bundles = new Bundles<number>(async () => {
    return { value: ++made, inputs: files.map((name) => project.path(name)) }
  }, freshness)
  return { project, bundles, made: () => made }
}

async function age(project: Project, files: readonly string[], seconds = 1_000): Promise<void> {
  for (const name of files) await utimes(project.path(name), seconds, seconds)
}

test('the second one of a module costs nothing, nor does one that is asked for at the same time', async () => {
  const { project, bundles, made } = await counting(60_000)
  await using _ = project
  expect(bundles.known('m')).toBe(undefined)
  expect(await Promise.all([bundles.get('m'), bundles.get('m')])).toEqual([1, 1])
  expect(bundles.known('m')).toBe(1)
  expect(bundles.known('other')).toBe(undefined)
  expect(made()).toBe(1)
})

test('a bundle is looked at again after a while, and made anew when a file has changed', async () => {
  const { project, bundles } = await counting(0)
  await using _ = project
  expect(await bundles.get('m')).toBe(1)
  expect(bundles.known('m')).toBe(undefined)
  expect(await bundles.get('m')).toBe(1)
  await project.write({ 'b.ts': 'two' })
  await age(project, ['b.ts'], 2_000)
  expect(await bundles.get('m')).toBe(2)
  expect(await bundles.get('m')).toBe(2)
})

test('a file that changes while it is bundled is not taken for what was bundled', async () => {
  const { project, bundles } = await counting(0)
  await using _ = project
  await age(project, ['a.ts'], Date.now() / 1_000 + 1_000)
  expect(await bundles.get('m')).toBe(1)
  expect(await bundles.get('m')).toBe(2)
})

test('a file that is gone is the affair of the next bundling', async () => {
  const { project, bundles } = await counting(0)
  expect(await bundles.get('m')).toBe(1)
  await project[Symbol.asyncDispose]()
  expect(await bundles.get('m')).toBe(2)
})

test('a failure is not kept', async () => {
  let fails = true
  const bundles = new Bundles(async () => {
    if (fails) throw new Error('a syntax error')
    return { value: 'good', inputs: [] }
  })
  await expect(bundles.get('m')).rejects.toThrow('a syntax error')
  fails = false
  expect(await bundles.get('m')).toBe('good')
})
