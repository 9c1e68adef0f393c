import { ActorDiedError, ActorUnavailableError, type Runtime } from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { failure, rejection } from '../../support/rejection.ts'
import { Mortal, SerialMortal } from './fixtures/mortal.ts'
import { processesOf, untilReaped } from './support/processes.ts'
import { free, openSession } from './support/session.ts'
import { Witness } from './support/witness.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession({ lane: 'tunnel' })
  return () => klaw.shutdown()
})

test('calls in order, large values, streams, handles and channel ends in arguments', async () => {
  const [one, other] = [klaw.actor(Mortal, free).remote(), klaw.actor(Mortal, free).remote()]
  const numbers = Array.from({ length: 300 }, (_, index) => index)
  const calls = numbers.map((number) => one.record.remote(number))
  expect(await klaw.get(calls)).toEqual(numbers)
  expect(await one.recorded.remote()).toEqual(numbers)
  const large = 'x'.repeat(3_000_000)
  expect((await one.note.remote(large)).length).toBe(large.length)
  expect(await one.note.remote(other.note.remote('resolved'))).toBe('resolved')
  expect(await one.pass.remote({ actor: other } as never, 'passed on')).toBe('passed on')

  const counted: number[] = []
  for await (const number of one.count.remote(1_000)) {
    if (counted.push(number) === 20) break
  }
  expect(counted).toEqual(numbers.slice(0, 20))
  const [tx, rx] = await klaw.channel<number>({ capacity: 8 })
  const sending = one.send.remote(tx, 100)
  await tx.close()
  const received: number[] = []
  for await (const number of rx) received.push(number)
  await sending
  expect(received).toEqual(numbers.slice(0, 100))
})

test('cancelling, restarts and kills mean the same', async () => {
  const witness = new Witness()
  const actor = klaw.actor(SerialMortal, { ...free, maxConcurrency: 3, maxRestarts: 1 }).remote(witness.path)
  const cancelled = actor.hold.remote('cancelled')
  await witness.saw('begin cancelled')
  await klaw.cancel(cancelled)
  expect(await rejection(cancelled)).toMatchObject({ code: 'TASK_CANCELLED' })
  expect(await witness.begins('aborted cancelled')).toBe('aborted cancelled: TaskCancelledError')

  const lost = actor.hold.remote('lost')
  const again = actor.hold.options({ maxTaskRetries: 1 }).remote('again')
  await Promise.all([witness.saw('begin lost'), witness.saw('begin again')])
  const processes = processesOf(Object.values(witness.births[0] ?? {}))
  process.kill(witness.births[0]?.child as number, 'SIGKILL')
  expect(await rejection(lost)).toBeInstanceOf(ActorUnavailableError)
  expect(await again).toBe('again')
  await untilReaped(processes)
  expect([witness.count('begin lost'), witness.count('begin again')]).toEqual([1, 2])

  const last = actor.ignore.remote('last')
  await witness.saw('begin last')
  const second = processesOf(Object.values(witness.births[1] ?? {}))
  await klaw.kill(actor)
  expect(await failure(last)).toBeInstanceOf(ActorDiedError)
  await untilReaped(second)
})
