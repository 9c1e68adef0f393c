import { type ActorDiedError, actor, connect, type Runtime, task } from '@klaw/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'

const fixture = (path: string) => ({ url: new URL(`../../fixtures/${path}`, import.meta.url).href })

let klaw: Runtime
beforeAll(async () => {
  klaw = await connect()
})
afterAll(() => klaw.shutdown())

/** What calls fail with, and why. */
async function failure(definition: ReturnType<typeof ghost>): Promise<{ message: string; cause: Error }> {
  using handle = klaw.actor(definition, { numCpus: 0 }).remote()
  const early = await rejection(handle.hello.remote())
  const error = (await rejection(handle.ready())) as ActorDiedError
  expect(early).toMatchObject({ code: 'ACTOR_DIED', message: error.message })
  expect(error.code).toBe('ACTOR_DIED')
  expect(error.cause).toMatchObject({ code: 'KLAW' })
  return { message: error.message, cause: (error.cause as Error).cause as Error }
}

function ghost(meta: { url: string }) {
  return actor(
    meta,
    class Ghost {
      hello() {}
    },
  )
}

test('a module that does not exist', async () => {
  const meta = fixture('actors/nowhere.mjs')
  const { message, cause } = await failure(ghost(meta))
  expect(message).toContain(`the module of actor 'Ghost', ${meta.url}, can not be loaded`)
  expect(cause).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' })
})

test('a module that does not parse', async () => {
  const meta = fixture('broken/does-not-parse.mjs')
  const { message, cause } = await failure(ghost(meta))
  expect(message).toContain(meta.url)
  expect(message).toContain('SyntaxError')
  expect(cause).toBeInstanceOf(SyntaxError)
})

test('a module that throws when it is imported', async () => {
  const meta = fixture('broken/throws-at-import.mjs')
  const { message, cause } = await failure(ghost(meta))
  expect(message).toContain(`${meta.url}, can not be loaded: RangeError: not on a Sunday`)
  expect(cause).toBeInstanceOf(RangeError)
})

test('a module that does not export the class', async () => {
  const meta = fixture('actors/counter.ts')
  const { message } = await failure(ghost(meta))
  expect(message).toContain(`${meta.url} does not export the actor 'Ghost'; its exports are`)
  expect(message).toContain("Counter (the actor 'Counter')")
  expect(message).toContain('InvoiceError')
})

test('a module that exports nothing', async () => {
  const { message } = await failure(ghost(fixture('broken/exports-nothing.mjs')))
  expect(message).toContain("does not export the actor 'Ghost'; it exports nothing")
})

test('a module that exports two classes of that name', async () => {
  const meta = fixture('broken/same-name-twice.mjs')
  class Twin {
    hello() {}
  }
  const { message } = await failure(actor(meta, Twin) as never)
  expect(message).toContain("exports 2 different actors named 'Twin'")
})

test('the same faults of tasks fail the call', async () => {
  const missing = task(fixture('actors/nowhere.mjs'), function missing() {})
  const error = (await rejection(klaw.task(missing).remote())) as Error
  expect(error).toMatchObject({ code: 'KLAW', cause: { code: 'ERR_MODULE_NOT_FOUND' } })
  expect(error.message).toContain("the module of task 'missing'")
  const unexported = task(fixture('actors/tasks.ts'), function unexported() {})
  expect(((await rejection(klaw.task(unexported).remote())) as Error).message).toContain(
    "does not export the task 'unexported'; its exports are",
  )
})

test('a module in plain JavaScript', async () => {
  const { Greeter } = (await import(fixture('actors/greeter.mjs').url)) as {
    Greeter: ReturnType<typeof actor<typeof GreeterClass>>
  }
  using greeter = klaw.actor(Greeter, { numCpus: 0 }).remote('hello')
  expect(await greeter.greet.remote('you')).toBe('hello you')
})

declare class GreeterClass {
  constructor(word: string)
  greet(name: string): string
}
