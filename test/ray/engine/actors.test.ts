import { type ActorHandle, pyActorClass, pyFunction } from '@klaw/core'
import { expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Counter, Slow, session } from './session.ts'

const free = { numCpus: 0 }

test('calls of one caller run in order, unawaited, from before the actor is there', async () => {
  const klaw = await session()
  const counter = klaw.actor(Counter, free).remote(10, 2)
  const refs = Array.from({ length: 200 }, (_, index) => counter.add.remote(index))
  let sum = 10
  expect(await klaw.get(refs)).toEqual(refs.map((_, index) => (sum += index * 2)))
})

test('generators are read as they are made', async () => {
  const klaw = await session()
  const counter = klaw.actor(Counter, free).remote()
  const seen: number[] = []
  for await (const step of counter.steps.remote(1_000)) {
    seen.push(step)
    if (step === 4) break
  }
  expect(seen).toEqual([0, 1, 2, 3, 4])
  expect(await counter.add.remote()).toBe(1)
  const words: string[] = []
  for await (const word of klaw.actor(Slow, free).remote().words.remote('a', 'b')) words.push(word)
  expect(words).toEqual(['a', 'b'])
  const numbers: number[] = []
  const count = klaw.task(
    pyFunction<(last: number) => Generator<number>>('engine_shapes', 'count_to', { generator: true }),
  )
  for await (const number of count.remote(3)) numbers.push(number)
  expect(numbers).toEqual([1, 2, 3])
})

test('an asynchronous actor answers others while one call waits', async () => {
  const klaw = await session()
  const slow = klaw.actor(Slow, free).remote()
  const waiting = slow.wait.remote()
  expect(await klaw.wait([waiting], { timeout: 50 })).toEqual([[], [waiting]])
  await slow.open.remote()
  expect(await waiting).toBe('open')
})

test('a named actor is found with its methods, by any session of the namespace; killing it frees the name', async () => {
  const klaw = await session()
  const name = `counter-${process.pid}-${Date.now()}`
  const made = klaw.actor(Counter, { ...free, name, lifetime: 'detached' }).remote(5)
  await made.ready()
  const other = await session()
  const found = await other.getActor<{ add(amount?: number): number; steps(to: number): Generator<number> }>(name)
  expect(await found.add.remote()).toBe(6)
  const steps: number[] = []
  for await (const step of found.steps.remote(2)) steps.push(step)
  expect(steps).toEqual([0, 1])
  expect(await other.listNamedActors()).toContainEqual(expect.objectContaining({ name }))
  expect(
    await rejection(
      klaw
        .actor(Counter, { ...free, name })
        .remote()
        .ready(),
    ),
  ).toMatchObject({
    code: 'ACTOR_ALREADY_EXISTS',
  })
  expect(
    await klaw
      .actor(Counter, { ...free, name, getIfExists: true })
      .remote()
      .add.remote(),
  ).toBe(7)
  await other.kill(found)
  expect(await rejection(made.add.remote())).toMatchObject({ code: 'ACTOR_DIED' })
  await expect.poll(async () => rejection(klaw.getActor(name))).toMatchObject({ code: 'ACTOR_NOT_FOUND' })
})

test('handles go to Python, and work there', async () => {
  const klaw = await session()
  const [one, two] = [klaw.actor(Counter, free).remote(1), klaw.actor(Counter, free).remote(2)]
  expect(await one.use_counter.remote(two)).toBe(7)
  const [back] = (await one.note.remote(two)) as [ActorHandle<{ add(): number }>]
  expect(await back.add.remote()).toBe(8)
})

test('a restart: fresh state, and what was lost says so', async () => {
  const klaw = await session()
  const counter = klaw.actor(Counter, { ...free, maxRestarts: 1 }).remote(1)
  await counter.add.remote(5)
  expect(await rejection(counter.leave.remote())).toMatchObject({ code: expect.stringMatching(/ACTOR_/) })
  await expect.poll(() => klaw.get(counter.add.remote()).catch(() => undefined), { timeout: 30_000 }).toBe(2)
})

test('a constructor that throws, a class, a module and a method that do not exist', async () => {
  const klaw = await session()
  const broken = klaw.actor(pyActorClass<{ anything(): void }>('engine_shapes', 'Broken'), free).remote()
  const error = await rejection(broken.anything.remote())
  expect(error).toMatchObject({ code: 'ACTOR_DIED' })
  expect(String((error as Error).message)).toContain('never made')
  const nowhere = klaw.actor(pyActorClass<{ a(): void }>('no_such_module', 'Class'), free).remote()
  expect(String(await rejection(nowhere.ready()))).toContain('no_such_module')
  expect(String(await rejection(nowhere.a.remote()))).toContain('no_such_module')
  const unknown = klaw.actor(pyActorClass<{ a(): void }>('engine_shapes', 'NoSuchClass'), free).remote()
  expect(String(await rejection(unknown.ready()))).toContain('NoSuchClass')
  const counter = klaw.actor(pyActorClass<{ nothing(): void }>('engine_shapes', 'Counter'), free).remote()
  expect(String(await rejection(counter.nothing.remote()))).toContain('nothing')
})

test('options of one call, and of the actor, reach Ray', async () => {
  const klaw = await session()
  const counter = klaw
    .actor(Counter, { ...free, runtimeEnv: { env_vars: { KLAW_COLOUR: 'blue' } }, maxRestarts: 1, maxTaskRetries: 1 })
    .remote()
  expect(await counter.variable.remote('KLAW_COLOUR')).toBe('blue')
  expect(await counter.add.options({ maxTaskRetries: 2 }).remote(3)).toBe(3)
})

test('cancelling', async () => {
  const klaw = await session()
  const slow = klaw.actor(Slow, free).remote()
  const waiting = slow.wait.remote()
  await slow.ready()
  await klaw.cancel(waiting)
  expect(await rejection(waiting)).toMatchObject({ code: 'TASK_CANCELLED' })
})
