import { ActorDiedError, ActorUnavailableError, connect, OutOfMemoryError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Counter } from '../../fixtures/actors/counter.ts'
import { Faulty } from '../../fixtures/actors/faulty.ts'
import { Gate, Keeper } from '../../fixtures/actors/gate.ts'
import { environment } from '../../fixtures/actors/tasks.ts'
import { rejection } from '../../support/rejection.ts'

const megabyte = 1024 * 1024
/** An end by the thread's own doing: the method, and what the cause has to be. */
const ends = [
  [
    'process.exit',
    (faulty: FaultyHandle) => faulty.exit.remote(3),
    { message: expect.stringContaining('process.exit(3)') },
  ],
  [
    'process.exit(0)',
    (faulty: FaultyHandle) => faulty.exit.remote(0),
    { message: expect.stringContaining('process.exit(0)') },
  ],
  [
    'an uncaught exception',
    (faulty: FaultyHandle) => faulty.throwLater.remote(),
    { name: 'InvoiceError', message: 'invoice 9 is wrong', invoice: 9, cause: { message: 'out of paper' } },
  ],
  [
    'a thrown text',
    (faulty: FaultyHandle) => faulty.throwTextLater.remote(),
    { message: 'the worker thread threw no paper' },
  ],
  [
    'an unhandled rejection',
    (faulty: FaultyHandle) => faulty.rejectLater.remote(),
    { name: 'InvoiceError', invoice: 10 },
  ],
] as const

let klaw: Runtime
beforeAll(async () => {
  klaw = await connect(undefined, { numCpus: 4 })
})
afterAll(() => klaw.shutdown())

const makeFaulty = (options = {}) => klaw.actor(Faulty, options).remote()
type FaultyHandle = ReturnType<typeof makeFaulty>

describe.each([{}, { numCpus: 0 }, { numCpus: 2 }])('with %o, a thread that ends by', (options) => {
  test.each(ends)('%s fails what is pending and what comes later', async (_name, end, cause) => {
    using faulty = makeFaulty(options)
    const running = faulty.wait.remote()
    const ending = end(faulty)
    for (const ref of [running, faulty.hello.remote()]) {
      // The call may have been answered before the thread ended.
      const error = await rejection(ref.then((value) => Promise.reject(value)))
      if (typeof error === 'number') continue
      expect(error).toBeInstanceOf(ActorDiedError)
      expect((error as Error).cause).toMatchObject(cause)
    }
    const later = (await rejection(faulty.hello.remote())) as ActorDiedError
    expect(later).toBeInstanceOf(ActorDiedError)
    expect(later.message).toMatch(/^actor Faulty \(\d+\.\d+\) died: /)
    expect(later.cause).toMatchObject(cause)
    await ending.then(undefined, () => undefined)
  })
})

test('an actor that shuts its runtime down ends itself, and nobody else', async () => {
  using counter = klaw.actor(Counter, { numCpus: 0 }).remote(1)
  using faulty = makeFaulty()
  await counter.ready()
  const ending = await rejection(faulty.shutDown.remote().then(() => faulty.hello.remote()))
  expect(ending).toMatchObject({ code: 'ACTOR_DIED', cause: { code: 'RUNTIME_CLOSED' } })
  expect(await counter.add.remote(1)).toBe(2)
})

test('a thread that fills its heap ends with an OutOfMemoryError', async () => {
  using faulty = makeFaulty({ memory: 48 * megabyte })
  await faulty.ready()
  const error = (await rejection(faulty.fillHeap.remote())) as ActorDiedError
  expect(error).toBeInstanceOf(ActorDiedError)
  expect(error.cause).toBeInstanceOf(OutOfMemoryError)
})

test('a memory limit of a pooled actor gives it a thread of its own', async () => {
  using counter = klaw.actor(Counter, { numCpus: 0 }).remote(1)
  using faulty = makeFaulty({ numCpus: 0, memory: 48 * megabyte })
  await Promise.all([counter.ready(), faulty.ready()])
  expect(await rejection(faulty.fillHeap.remote())).toMatchObject({ cause: { code: 'OUT_OF_MEMORY' } })
  expect(await counter.add.remote(1)).toBe(2)
})

test('calls that were answered before the end count', async () => {
  using faulty = makeFaulty()
  await faulty.ready()
  const answered = Array.from({ length: 50 }, () => faulty.hello.remote())
  const ending = faulty.exit.remote(1)
  const values = await klaw.get(answered)
  expect(new Set(values).size).toBe(1)
  expect(await rejection(ending)).toBeInstanceOf(ActorDiedError)
})

test('an exit in the constructor', async () => {
  using faulty = klaw.actor(Faulty).remote('exit')
  const error = (await rejection(faulty.hello.remote())) as ActorDiedError
  expect(error).toBeInstanceOf(ActorDiedError)
  expect(error.message).toContain('process.exit(5)')
})

test('an exception after the constructor, with restarts', async () => {
  using faulty = klaw.actor(Faulty, { maxRestarts: 2 }).remote('throw later')
  const error = (await rejection(faulty.wait.remote())) as Error
  // Three threads have ended by then.
  expect([ActorDiedError, ActorUnavailableError]).toContain(error.constructor)
  let last: unknown
  do last = await rejection(faulty.wait.remote())
  while (last instanceof ActorUnavailableError)
  expect(last).toMatchObject({ code: 'ACTOR_DIED', cause: { name: 'InvoiceError' } })
})

test('a thread that computes for ever can be killed', async () => {
  using faulty = makeFaulty()
  await faulty.ready()
  const spinning = faulty.spin.remote()
  const queued = faulty.hello.remote()
  expect(await klaw.wait([spinning, queued], { timeout: 50 })).toEqual([[], [spinning, queued]])
  await klaw.kill(faulty)
  expect(await rejection(spinning)).toBeInstanceOf(ActorDiedError)
  expect(await rejection(queued)).toBeInstanceOf(ActorDiedError)
})

test('a thread that ends is started anew, and calls with retries run again', async () => {
  using faulty = makeFaulty({ maxRestarts: 1 })
  const first = await faulty.hello.remote()
  const lost = faulty.wait.remote()
  const ending = faulty.exit.remote(1)
  expect(await rejection(lost)).toBeInstanceOf(ActorUnavailableError)
  expect(await rejection(ending)).toBeInstanceOf(ActorUnavailableError)
  const second = await faulty.hello.options({ maxTaskRetries: 1 }).remote()
  expect(second).not.toBe(first)
})

test('a pool thread that ends takes its actors with it; those with restarts come back', async () => {
  const threads = new Map<number, FaultyHandle[]>()
  const handles = Array.from({ length: 6 }, (_, index) => makeFaulty({ numCpus: 0, maxRestarts: index % 2 }))
  for (const handle of handles) {
    const thread = await handle.hello.remote()
    threads.set(thread, [...(threads.get(thread) ?? []), handle])
  }
  const [[, together]] = [...threads].sort(([, a], [, b]) => b.length - a.length) as [[number, FaultyHandle[]]]
  const others = handles.filter((handle) => !together.includes(handle))
  expect(together.length).toBeGreaterThan(1)
  await rejection((together[0] as FaultyHandle).exit.remote(1))
  for (const handle of handles) {
    const outcome = await handle.hello
      .options({ maxTaskRetries: 1 })
      .remote()
      .then(Number, (error) => error)
    const survives = others.includes(handle) || handles.indexOf(handle) % 2 === 1
    if (survives) expect(outcome).toEqual(expect.any(Number))
    else expect(outcome).toBeInstanceOf(ActorDiedError)
  }
  for (const handle of handles) handle[Symbol.dispose]()
})

test('actors that a dead thread held are let go of', async () => {
  using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
  const keeper = klaw.actor(Keeper).remote()
  const counter = klaw.actor(Counter, { numCpus: 3 }).remote()
  await keeper.keep.remote(counter, gate)
  counter[Symbol.dispose]()
  await klaw.kill(keeper)
  // The counter's three CPUs are free again.
  using next = klaw.actor(Counter, { numCpus: 3 }).remote(1)
  expect(await next.get.remote()).toBe(1)
  expect(await gate.log.remote()).toEqual([])
})

test('an actor for which there will never be resources is refused at once', async () => {
  for (const options of [{ numCpus: 5 }, { numGpus: 1 }, { resources: { unicorn: 0.5 } }]) {
    using counter = klaw.actor(Counter, options).remote()
    expect(await rejection(counter.get.remote())).toMatchObject({ code: 'ACTOR_UNSCHEDULABLE' })
    expect(await rejection(counter.ready())).toMatchObject({ message: expect.stringContaining('can never start') })
  }
})

test('an actor waits for CPUs that others hold, in the order of asking', async () => {
  const first = klaw.actor(Counter, { numCpus: 4 }).remote(1)
  await first.ready()
  using second = klaw.actor(Counter, { numCpus: 4 }).remote(2)
  using third = klaw.actor(Counter, { numCpus: 0.5 }).remote(3)
  const [a, b] = [second.get.remote(), third.get.remote()]
  expect(await klaw.wait([a, b], { timeout: 100 })).toEqual([[], [a, b]])
  first[Symbol.dispose]()
  expect(await a).toBe(2)
  expect(await klaw.wait([b], { timeout: 100 })).toEqual([[], [b]])
  await klaw.kill(second)
  expect(await b).toBe(3)
})

test('environment variables reach threads that are their own', async () => {
  const runtimeEnv = { env_vars: { KLAW_TEST: 'set' } }
  for (const options of [{ runtimeEnv }, { numCpus: 0, runtimeEnv }]) {
    using faulty = makeFaulty(options)
    expect(await faulty.environment.remote('KLAW_TEST')).toBe('set')
    expect(await faulty.environment.remote('PATH')).toBe(process.env.PATH)
  }
  using plain = makeFaulty({ numCpus: 0 })
  expect(await plain.environment.remote('KLAW_TEST')).toBeUndefined()
  expect(await klaw.task(environment, { runtimeEnv }).remote('KLAW_TEST')).toBe('set')
  expect(await klaw.task(environment).remote('KLAW_TEST')).toBeUndefined()
})

test('other kinds of runtimeEnv are refused', async () => {
  using faulty = makeFaulty({ runtimeEnv: { pip: ['numpy'] } })
  expect(((await rejection(faulty.ready())) as Error).message).toContain(
    "honours only 'env_vars' of 'runtimeEnv', got pip",
  )
  const refused = klaw.task(environment, { runtimeEnv: { conda: 'x' } }).remote('X')
  expect(((await rejection(refused)) as Error).message).toContain('got conda')
})

test('an actor can not connect again', async () => {
  using faulty = makeFaulty({ numCpus: 0 })
  const error = (await rejection(faulty.connectAgain.remote())) as Error
  expect(error.message).toContain('connect() was called inside an actor or a task: use currentRuntime()')
})
