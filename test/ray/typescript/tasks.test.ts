import {
  ActorDiedError,
  RayTaskError,
  type Runtime,
  SerializationError,
  TaskCancelledError,
  WorkerCrashedError,
} from '@klaw/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { ownCluster } from '../../support/ray/own-cluster.ts'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { add, endAtFirst, failWithKlaw, fork, heed, type TaskEnd, throwAtFirst, unsendable } from './fixtures/tasks.ts'
import { processesOf, untilReaped } from './support/processes.ts'
import { free, openSession, session } from './support/session.ts'
import { Witness } from './support/witness.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

describe.each(['child', 'worker'] as const)('the %s is killed', (victim) => {
  describe.each(['wait', 'spin'] as const)('while the task is busy (%s)', (how: TaskEnd) => {
    test('without retries it fails, and has run once', async () => {
      const witness = new Witness()
      const ref = klaw.task(endAtFirst, { ...free, maxRetries: 0 }).remote(witness.path, how, 9)
      await witness.begins('born')
      const processes = processesOf(Object.values(witness.births[0] ?? {}))
      process.kill(witness.births[0]?.[victim] as number, 'SIGKILL')
      expect(await rejection(ref)).toBeInstanceOf(WorkerCrashedError)
      await untilReaped(processes)
      expect(witness.count(`begin ${how}`)).toBe(1)
    })

    test('with retries it runs as often as it may', async () => {
      const witness = new Witness()
      const ref = klaw.task(endAtFirst, { ...free, maxRetries: 2 }).remote(witness.path, how, 2)
      for (const turn of [0, 1]) {
        await until(() => witness.births.length > turn)
        process.kill(witness.births[turn]?.[victim] as number, 'SIGKILL')
      }
      expect(await ref).toBe(3)
      expect(witness.count(`begin ${how}`)).toBe(3)
    })
  })
})

test.each(['exit', 'throwLater'] as const)(
  'a task that ends its own process (%s) runs again, as often as it may',
  async (how) => {
    const [lucky, unlucky] = [new Witness(), new Witness()]
    const Task = klaw.task(endAtFirst, { ...free, maxRetries: 1 })
    const [survived, error] = await Promise.all([
      Task.remote(lucky.path, how, 1),
      rejection(Task.remote(unlucky.path, how, 9)),
    ])
    expect(survived).toBe(2)
    expect(error).toBeInstanceOf(WorkerCrashedError)
    expect(unlucky.count(`begin ${how}`)).toBe(2)
  },
)

test('a task that throws runs again only when asked to', async () => {
  const [once, often, enough] = [new Witness(), new Witness(), new Witness()]
  const retrying = klaw.task(throwAtFirst, { ...free, retryExceptions: true, maxRetries: 2 })
  const [first, last, third] = await Promise.all([
    rejection(klaw.task(throwAtFirst, free).remote(once.path, 9)),
    rejection(retrying.remote(often.path, 9)),
    retrying.remote(enough.path, 2),
  ])
  for (const [error, invoice] of [
    [first, 1],
    [last, 3],
  ] as const) {
    expect(error).toBeInstanceOf(RayTaskError)
    expect((error as Error).cause).toMatchObject({ name: 'InvoiceError', invoice })
    expect(((error as Error).cause as Error).stack).toMatch(/tasks\.ts:\d+:\d+/)
  }
  expect(third).toBe(3)
  expect([once, often, enough].map((witness) => witness.count('begin throw'))).toEqual([1, 3, 3])
})

describe('cancel', () => {
  test('a task that heeds its signal ends by that, and its worker goes on', async () => {
    const witness = new Witness()
    const ref = klaw.task(heed, free).remote(witness.path)
    await witness.begins('born')
    await klaw.cancel(ref)
    expect(await rejection(ref)).toBeInstanceOf(TaskCancelledError)
    await witness.saw('aborted: TaskCancelledError')
    expect(witness.count('begin heed')).toBe(1)
    expect(await klaw.task(add, free).remote(1, 2)).toBe(3)
  })

  test.each(['wait', 'spin'] as const)(
    'a task that takes no notice of it (%s) loses its process, and is not run again',
    async (how) => {
      const witness = new Witness()
      const ref = klaw.task(endAtFirst, free).remote(witness.path, how, 9)
      await witness.begins('born')
      const [child] = processesOf([witness.births[0]?.child as number])
      await klaw.cancel(ref)
      expect(await rejection(ref)).toBeInstanceOf(TaskCancelledError)
      await untilReaped([child as NonNullable<typeof child>])
      expect(witness.count(`begin ${how}`)).toBe(1)
    },
  )

  test.each(['wait', 'spin'] as const)('with force the worker goes as well (%s)', async (how) => {
    const witness = new Witness()
    const ref = klaw.task(endAtFirst, free).remote(witness.path, how, 9)
    await witness.begins('born')
    const processes = processesOf(Object.values(witness.births[0] ?? {}))
    await klaw.cancel(ref, { force: true })
    expect(await failure(ref)).toMatchObject({ code: expect.stringMatching(/TASK_CANCELLED|WORKER_CRASHED/) })
    await untilReaped(processes)
    expect(witness.count(`begin ${how}`)).toBe(1)
  })

  test('a task that waits for a place never runs', async () => {
    const witness = new Witness()
    const ref = klaw.task(heed, { ...free, resources: { nowhere: 1 } }).remote(witness.path)
    await klaw.cancel(ref)
    expect(await rejection(ref)).toBeInstanceOf(TaskCancelledError)
    expect(witness.lines).toEqual([])
  })
})

test('a task that never settles ends with its session, and so does its process', async () => {
  const mine = await session()
  const witness = new Witness()
  const pending = failure(mine.task(endAtFirst, free).remote(witness.path, 'spin', 9))
  await witness.begins('born')
  const processes = processesOf(Object.values(witness.births[0] ?? {}))
  await mine.shutdown()
  expect(await pending).toMatchObject({ code: 'RUNTIME_CLOSED' })
  await untilReaped(processes)
})

test("what a task throws is its error, also if it is one of klaw's own", async () => {
  const error = (await rejection(klaw.task(failWithKlaw, free).remote())) as RayTaskError
  expect(error).toBeInstanceOf(RayTaskError)
  expect(error.message).toBe('task failWithKlaw threw ActorDiedError: an actor of mine has died')
  expect(error.cause).toBeInstanceOf(ActorDiedError)
  expect(error.cause).toMatchObject({ actorId: 'a1' })
})

test('a result, and an argument, that can not be sent: where in it', async () => {
  const error = (await rejection(klaw.task(unsendable, free).remote())) as RayTaskError
  const result = (error instanceof RayTaskError ? error.cause : error) as SerializationError
  expect(result).toBeInstanceOf(SerializationError)
  expect(result.path).toBe('result.list[1].deep')
  const argument = await rejection(klaw.task(add, free).remote(1, (() => 2) as never))
  expect(argument).toBeInstanceOf(SerializationError)
  expect((argument as SerializationError).path).toBe('args[1]')
})

test('tasks that wait for tasks of their own do not stand still on a machine with one CPU', async () => {
  const cluster = await ownCluster({ numCpus: 1 })
  const small = await session({}, cluster.address)
  expect(await small.task(fork).remote(2)).toBe(4)
})
