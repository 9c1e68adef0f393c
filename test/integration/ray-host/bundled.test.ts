import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bundleModule } from '../../../src/engine/ray/code/bundle-module.ts'
import { attachedChild } from '../../support/ray-host/child.ts'
import { FakeParent } from '../../support/ray-host/fake-agent.ts'
import { rejection } from '../../support/rejection.ts'

test('stacks of a bundle name the lines of its sources', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-bundle-'))
  await using parent = await FakeParent.start()
  const { child } = await attachedChild(parent)
  try {
    mkdirSync(join(folder, 'node_modules', '@klaw'), { recursive: true })
    symlinkSync(fileURLToPath(new URL('../../..', import.meta.url)), join(folder, 'node_modules', '@klaw', 'core'))
    const source = new URL('../../fixtures/ray-host/thrower.ts', import.meta.url).href
    for (const [path, bytes] of (await bundleModule(source)).files) writeFileSync(join(folder, path), bytes)
    const code = { runtime: 'r', module: 'm', source, inside: false, name: 'Thrower' }
    const path = join(folder, 'module.mjs')
    await parent.ask('host.create', { id: 'a', path, code, maxConcurrency: 1, ...parent.packed() })
    const error = await rejection(parent.ask('host.call', { method: 'fail', args: [{ text: 'on purpose' }] }))
    expect(error).toMatchObject({ name: 'RangeError', message: 'on purpose' })
    expect((error as Error).stack).toMatch(/thrower\.ts:11:\d+/)
  } finally {
    await child[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  }
})
