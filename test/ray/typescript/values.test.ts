import { RayTaskError, type Runtime, SerializationError } from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Mortal } from './fixtures/mortal.ts'
import { free, openSession } from './support/session.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

test('a result that can not be sent: where in it, and the actor goes on', async () => {
  const mortal = klaw.actor(Mortal, free).remote()
  const error = await rejection(mortal.unsendable.remote())
  const reason = error instanceof RayTaskError ? error.cause : error
  expect(reason).toBeInstanceOf(SerializationError)
  expect(reason).toMatchObject({ path: 'result.list[1].deep', message: expect.stringContaining('result.list[1].deep') })
  expect(await mortal.note.remote('goes on')).toBe('goes on')
})

test('an argument that can not be sent: which, and where in it; of a call, and of a constructor', async () => {
  const mortal = klaw.actor(Mortal, free).remote()
  const bad = { list: [1, { deep: () => 1 }] } as never
  const error = await rejection(mortal.note.remote(bad))
  expect(error).toBeInstanceOf(SerializationError)
  expect(error).toMatchObject({ path: 'args[0].list[1].deep' })
  expect(await mortal.note.remote('goes on')).toBe('goes on')

  const unborn = klaw.actor(Mortal, free).remote(bad)
  const refusal = (await rejection(unborn.note.remote('never'))) as Error
  expect(refusal.message).toContain('args[0].list[1].deep')
  expect(await rejection(unborn.ready())).toMatchObject({ message: refusal.message })
})
