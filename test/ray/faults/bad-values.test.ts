import { connect, type ObjectRef, PyObject, pyActorClass, pyFunction } from '@klaw/core'
import { expect, inject, onTestFinished, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { free, Patient, session, Tally } from './support/session.ts'

const message = async (pending: PromiseLike<unknown>) => ((await rejection(pending)) as Error).message

test('a module, a function, a class, a method that does not exist', async () => {
  const klaw = await session()
  expect(await message(klaw.task(pyFunction<() => void>('no_such_module', 'f')).remote())).toMatch(/no_such_module/)
  expect(await message(klaw.task(pyFunction<() => void>('fault_shapes', 'no_such_function')).remote())).toMatch(
    /no_such_function/,
  )
  expect(await message(klaw.actor(pyActorClass<object, []>('fault_shapes', 'Nobody'), free).remote().ready())).toMatch(
    /Nobody/,
  )
  const tally = klaw.actor(pyActorClass<{ nothing(): void }>('fault_shapes', 'Tally'), free).remote()
  expect(await message(tally.nothing.remote())).toMatch(/nothing/)
  expect(await message(klaw.getActor('no-such-actor'))).toMatch(/no-such-actor/)
})

test('what can not travel is named with its path, and the call has not been made', async () => {
  const klaw = await session()
  const tally = klaw
    .actor(pyActorClass<{ count(value: unknown): number; summary(): number[] }>('fault_shapes', 'Tally'), free)
    .remote()
  const error = await rejection((async () => tally.count.remote({ user: { avatar: () => 1 } }))())
  expect(error).toMatchObject({ code: 'SERIALIZATION' })
  expect((error as Error).message).toMatch(/args\[0\]\.user\.avatar/)
  expect(() => klaw.put([1, Symbol('x')])).toThrow(/\[1\]/)
  // Python's lists have no holes, and this one would not fit anywhere.
  const hollow: number[] = []
  hollow[2 ** 31] = 1
  expect(await message(klaw.get(klaw.put([{ hollow }])))).toMatch(/\[0\]\.hollow: .*more than a list here may hold/)
  expect(await message(tally.count.remote({ hollow }))).toMatch(/args\[0\]\.hollow: .*more than a list here may hold/)
  expect(await tally.summary.remote()).toEqual([0, 0])
})

test('what TypeScript can not hold is opaque, and goes back as it was', async () => {
  const klaw = await session()
  const opaque = await klaw.task(pyFunction<() => unknown>('fault_shapes', 'opaque')).remote()
  expect(opaque).toBeInstanceOf(PyObject)
  expect(await klaw.task(pyFunction<(value: unknown) => number>('fault_shapes', 'answer_of')).remote(opaque)).toBe(42)
})

test('two runtimes in one process: what belongs to the other one is refused', async () => {
  const [one, two] = await Promise.all([session(), session()])
  const embedded = await connect()
  onTestFinished(() => embedded.shutdown())
  const tally = one.actor(Tally, free).remote()
  const refs: ObjectRef<number>[] = [two.put(1), embedded.put(1)]
  for (const ref of refs) {
    expect(await message((async () => tally.count.remote(ref))())).toMatch(/runtime/)
    expect(await message((async () => one.get(ref))())).toMatch(/runtime/)
    expect(await message((async () => one.put([ref]))())).toMatch(/runtime/)
  }
  await Promise.all([two.shutdown(), embedded.shutdown()])
  expect(await tally.count.remote(3)).toBe(3)
})

test('a shutdown with everything pending, and use after it', async () => {
  const klaw = await connect(inject('rayAddress') as `ray://${string}`)
  const patient = klaw.actor(Patient, free).remote()
  const tally = klaw.actor(Tally, free).remote()
  const ref = klaw.put(1)
  const words = patient.one_word.remote()[Symbol.asyncIterator]()
  await words.next()
  const queue = klaw.queue<number>()
  const pending = [
    patient.wait.remote(),
    klaw.get(patient.wait.remote()),
    klaw.wait([patient.wait.remote()]),
    words.next(),
    queue.get(),
    klaw.get(klaw.put(new Uint8Array(30_000_000))),
    klaw
      .actor(Patient, { resources: { nowhere: 1 } })
      .remote()
      .ready(),
    klaw.nodes(),
    klaw.getActor('nobody-knows'),
  ].map(rejection)
  await klaw.shutdown()
  for (const outcome of pending) expect(await outcome).toMatchObject({ code: 'RUNTIME_CLOSED' })
  const after = [
    () => ref,
    () => klaw.put(1),
    () => tally.count.remote(1),
    () => klaw.get(ref),
    () => klaw.wait([ref]),
    () => queue.put(1),
    () => klaw.queue().size(),
    () => klaw.actor(Tally).remote().ready(),
    () => klaw.task(pyFunction<() => unknown>('fault_shapes', 'opaque')).remote(),
    () => klaw.info(),
    () => klaw.listNamedActors(),
  ]
  for (const use of after) {
    expect(await rejection((async () => use())()), String(use)).toMatchObject({ code: 'RUNTIME_CLOSED' })
  }
  await klaw.shutdown()
})
