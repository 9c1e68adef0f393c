import { connect, pyActorClass, RayTaskError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'

interface Faulty {
  throw_locked(): void
  throw_never_twice(): void
  throw_it(error: Error): void
  describe(error: Error): { exception: boolean; text: string; cause: string }
  calls(): number
  die_at_first(gate: unknown): number
  fail_at_first(): number
  variable(name: string): string | null
}
const Faulty = pyActorClass<Faulty, []>('klaw_fixtures.faulty', 'Faulty')

interface Gate {
  log(): string[]
}
const Gate = pyActorClass<Gate, []>('klaw_fixtures.gate', 'Gate')

let klaw: Runtime
beforeAll(async () => {
  klaw = await connect(inject('rayAddress') as `ray://${string}`, { timeout: 60_000 })
})
afterAll(() => klaw.shutdown())

test('exceptions that can not be pickled, or not be made again, arrive all the same', async () => {
  const faulty = klaw.actor(Faulty, { numCpus: 0 }).remote()
  const locked = (await rejection(faulty.throw_locked.remote())) as Error
  expect(locked).toBeInstanceOf(RayTaskError)
  expect(`${locked.message} ${locked.stack}`).toContain('holds a lock')
  const never = (await rejection(faulty.throw_never_twice.remote())) as Error
  expect(`${never.message} ${never.stack}`).toContain('this and that')
  expect(await faulty.calls.remote()).toBe(1)
})

test('errors of TypeScript are exceptions in Python, and come back as they were', async () => {
  const faulty = klaw.actor(Faulty, { numCpus: 0 }).remote()
  const error = Object.assign(new RangeError('too far', { cause: new TypeError('no map') }), { miles: 7 })
  expect(await faulty.describe.remote(error)).toEqual({
    exception: true,
    text: 'RangeError: too far',
    cause: 'TypeError: no map',
  })
  const thrown = (await rejection(faulty.throw_it.remote(error))) as RayTaskError
  expect(thrown).toBeInstanceOf(RayTaskError)
  expect(thrown.cause).toBeInstanceOf(RangeError)
  expect(thrown.cause).toMatchObject({ message: 'too far', miles: 7, cause: { message: 'no map' } })
})

test('with retries a call outlives its process, and waits for the restart', async () => {
  const gate = klaw.actor(Gate, { numCpus: 0 }).remote()
  const faulty = klaw.actor(Faulty, { numCpus: 0, maxRestarts: 1, maxTaskRetries: -1 }).remote()
  const call = faulty.die_at_first.remote(gate)
  const behind = faulty.calls.remote()
  expect((await klaw.get([call, behind])).sort()).toEqual([1, 2])
})

test('what a method throws is tried again when that was asked for', async () => {
  const faulty = klaw.actor(Faulty, { numCpus: 0, maxRestarts: 1 }).remote()
  const retried = faulty.fail_at_first.options({ maxTaskRetries: 2, retryExceptions: true }).remote()
  expect(await retried).toBe(2)
})

test('an actor has the variables of its runtimeEnv', async () => {
  const runtimeEnv = { env_vars: { KLAW_TEST_WORD: 'its own' } }
  const faulty = klaw.actor(Faulty, { numCpus: 0, runtimeEnv }).remote()
  expect(await faulty.variable.remote('KLAW_TEST_WORD')).toBe('its own')
})
