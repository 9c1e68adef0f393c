import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { ActorDiedError, actor, type Runtime } from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Demanding } from './fixtures/demanding.ts'
import { type StrangeModule, strangeModule } from './support/modules.ts'
import { processesOf, untilReaped } from './support/processes.ts'
import { PythonDriver } from './support/python-driver.ts'
import { free, openSession, session } from './support/session.ts'
import { Witness } from './support/witness.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

class Hidden {
  hello(): string {
    return ''
  }
}

/** What every use of an actor of that module fails with, all the same. */
async function creationError(module: StrangeModule): Promise<Error> {
  const handle = klaw.actor(actor(module, Hidden), { ...free, maxRestarts: 1 }).remote()
  const errors = await Promise.all([rejection(handle.hello.remote()), rejection(handle.ready())])
  for (const error of [...errors, await rejection(handle.hello.remote())]) {
    expect(error).toBeInstanceOf(ActorDiedError)
    expect((error as Error).message).toBe((errors[0] as Error).message)
  }
  return errors[0] as Error
}

const klawImport = "import { actor } from '@klaw/core'\n"

test.each([
  {
    what: 'a class that its module does not export',
    text: `${klawImport}const Hidden = actor(import.meta, class Hidden { hello() {} })\nexport const Shown = actor(import.meta, class Shown {})`,
    says: /strange\.ts does not export the actor 'Hidden'; its exports are Shown \(the actor 'Shown'\)/,
  },
  {
    what: 'two classes of the same name',
    text: `${klawImport}export const One = actor(import.meta, class Hidden {})\nexport const Two = actor(import.meta, class Hidden {})`,
    says: /strange\.ts exports 2 different actors named 'Hidden'/,
  },
  {
    what: 'a native addon',
    text: `${klawImport}import addon from './addon.node'\nexport const Hidden = actor(import.meta, class Hidden { hello() { return addon } })`,
    says: /strange\.ts:2:\d+: .*'\.\/addon\.node' is a native addon.*Use a package without one/,
  },
  {
    what: 'a package that is not installed',
    text: `${klawImport}import gone from 'a-package-that-nobody-has'\nexport const Hidden = actor(import.meta, class Hidden { hello() { return gone } })`,
    says: /strange\.ts:2:\d+: Could not resolve "a-package-that-nobody-has"/,
  },
  {
    what: 'the part of this package that starts clusters',
    text: `${klawImport}import { startCluster } from '@klaw/core/cluster'\nexport const Hidden = actor(import.meta, class Hidden { hello() { return startCluster } })`,
    says: /strange\.ts:2:\d+: '@klaw\/core\/cluster' starts clusters on this machine/,
  },
  {
    what: 'a syntax error',
    text: `${klawImport}export const Hidden = actor(import.meta, class Hidden { hello( })`,
    says: /strange\.ts:2:\d+: Expected/,
  },
])('$what: creation fails, and says where', async ({ text, says }) => {
  expect((await creationError(strangeModule('strange.ts', text))).message).toMatch(says)
})

test('a constructor that throws: the actor is dead, of just that', async () => {
  const witness = new Witness()
  writeFileSync(witness.path, 'go\n')
  const handle = klaw.actor(Demanding, { ...free, maxRestarts: 2 }).remote(7, witness.path)
  const early = rejection(handle.hello.remote())
  for (const error of [await early, await rejection(handle.ready()), await rejection(handle.hello.remote())]) {
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error).toMatchObject({ message: expect.stringContaining('InvoiceError: invoice 7 is wrong') })
    const cause = (error as Error).cause as Error
    expect(cause).toMatchObject({ name: 'InvoiceError', message: 'invoice 7 is wrong', invoice: 7 })
    expect(cause.cause).toMatchObject({ name: 'TypeError', message: 'no paper' })
    expect(cause.stack).toMatch(/at .*refuse .*demanding\.ts:\d+:\d+/)
  }
  expect(witness.births).toHaveLength(1)
})

test('a constructor that throws, and what Python sees of it, which knows nothing of klaw', async () => {
  const namespace = randomUUID()
  const mine = await session({ namespace })
  const witness = new Witness()
  const handle = mine.actor(Demanding, { ...free, name: 'demanding' }).remote(8, witness.path)
  const error = rejection(handle.hello.remote())
  await witness.begins('born')
  const processes = processesOf(Object.values(witness.births[0] ?? {}))
  const driver = new PythonDriver(
    namespace,
    `
import ray.exceptions
demanding = ray.get_actor('demanding')
ref = demanding.hello.remote()
say('found')
try:
    ray.get(ref)
except ray.exceptions.ActorDiedError as error:
    say('died')
    say(error)
`,
  )
  expect(await driver.says()).toBe('plain')
  expect(await driver.says()).toBe('found')
  writeFileSync(witness.path, 'go\n', { flag: 'a' })
  expect(await driver.says()).toBe('died')
  const text = await driver.says()
  expect(text).toContain('InvoiceError: invoice 8 is wrong')
  expect(text).toMatch(/demanding\.ts:\d+:\d+/)
  await driver.end()
  expect(await error).toMatchObject({ code: 'ACTOR_DIED', cause: { name: 'InvoiceError', invoice: 8 } })
  await untilReaped(processes)
})
