import { randomUUID } from 'node:crypto'
import { connect, Empty, Full, pyActorClass, type Queue, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'

interface Office {
  make(name: string, maxsize: number): Queue<unknown>
  call(
    queue: Queue<unknown>,
    method: string,
    args: unknown[],
    options: object,
  ): { value?: unknown; error?: string; text?: string }
}
const Office = pyActorClass<Office, []>('klaw_fixtures.queues', 'Office')

let klaw: Runtime
let office: ReturnType<typeof start>
const start = () => klaw.actor(Office, { numCpus: 0 }).remote()
beforeAll(async () => {
  klaw = await connect(inject('rayAddress') as `ray://${string}`, { namespace: randomUUID(), timeout: 60_000 })
  office = start()
})
afterAll(() => klaw.shutdown())

/** What Python gets from one of the queue's methods. */
const inPython = (queue: Queue<unknown>, method: string, args: unknown[] = [], options: object = {}) =>
  office.call.remote(queue, method, args, options)

test('a queue made here is Ray’s own in Python, with every method', async () => {
  using queue = klaw.queue<unknown>({ maxsize: 3 })
  expect(await inPython(queue, 'put', [{ from: 'python' }])).toEqual({ value: null })
  expect(await queue.get()).toEqual({ from: 'python' })
  await queue.put(['from', 'here'])
  expect(await inPython(queue, 'get')).toEqual({ value: ['from', 'here'] })
  expect(await inPython(queue, 'put_nowait_batch', [[1, 2, 3]])).toEqual({ value: null })
  expect(await inPython(queue, 'full')).toEqual({ value: true })
  expect([await queue.full(), await queue.empty(), await queue.qsize(), await queue.size()]).toEqual([
    true,
    false,
    3,
    3,
  ])
  expect(await queue.getNowaitBatch(2)).toEqual([1, 2])
  expect(await inPython(queue, 'qsize')).toEqual({ value: 1 })
  expect(await inPython(queue, 'get_nowait')).toEqual({ value: 3 })
  expect(await inPython(queue, 'empty')).toEqual({ value: true })
})

test('a queue made in Python is found here by its name, with its size', async () => {
  const made = await office.make.remote('made in Python', 2)
  await made.put('through the handle')
  using found = klaw.queue<unknown>({ maxsize: 99, actorOptions: { name: 'made in Python', getIfExists: true } })
  expect(await found.get()).toBe('through the handle')
  await found.putNowaitBatch([1, 2])
  expect(await rejection(found.putNowait(3))).toBeInstanceOf(Full)
  expect(await inPython(found, 'get_nowait_batch', [2])).toEqual({ value: [1, 2] })
  expect(await klaw.listNamedActors()).toContainEqual(expect.objectContaining({ name: 'made in Python' }))
  await found.shutdown()
  expect(await rejection(made.put(1))).toMatchObject({ code: 'ACTOR_DIED' })
})

test('refusals have the same texts in both languages', async () => {
  using queue = klaw.queue<unknown>({ maxsize: 1 })
  const few = 'Cannot get 2 items from queue of size 0.'
  expect(await rejection(queue.getNowaitBatch(2))).toEqual(new Empty(few))
  expect((await inPython(queue, 'get_nowait_batch', [2])).text).toContain(few)
  const many = 'Cannot add 2 items to queue of size 0 and maxsize 1.'
  expect(await rejection(queue.putNowaitBatch([1, 2]))).toEqual(new Full(many))
  expect((await inPython(queue, 'put_nowait_batch', [[1, 2]])).text).toContain(many)
  const negative = "'timeout' must be a non-negative number"
  expect(await rejection(queue.get({ timeout: -1 }))).toMatchObject({ message: negative })
  expect((await inPython(queue, 'get', [], { timeout: -1 })).text).toContain(negative)
  const iterable = "Argument 'items' must be an Iterable"
  expect(await rejection(queue.putNowaitBatch(5 as never))).toMatchObject({ name: 'TypeError', message: iterable })
  expect((await inPython(queue, 'put_nowait_batch', [5])).text).toContain(iterable)
  await queue.put('full')
  await queue.putNowaitBatch([])
  expect(await rejection(queue.put(1, { timeout: 10 }))).toBeInstanceOf(Full)
  expect(await inPython(queue, 'put', [1], { timeout: 0.01 })).toMatchObject({ error: expect.stringContaining('Full') })
})

test('Python waits for what is put here, and the other way round', async () => {
  using queue = klaw.queue<unknown>()
  const there = inPython(queue, 'get')
  await queue.put('for Python')
  expect(await there).toEqual({ value: 'for Python' })
  const here = queue.get()
  await inPython(queue, 'put', ['for TypeScript'])
  expect(await here).toBe('for TypeScript')
})

test('after the shutdown both are refused', async () => {
  const queue = klaw.queue<unknown>()
  await queue.ready()
  await queue.shutdown({ force: true })
  expect(await rejection(queue.put(1))).toMatchObject({ code: 'ACTOR_DIED' })
})
