import { inspect } from 'node:util'
import type { ActorOptions, Runtime, TaskOptions } from '@klaw/core'
import { actor, task } from '@klaw/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformance } from '../engine.ts'
import { typescriptFixtures } from '../fixtures.ts'

type Refusal = [options: unknown, kind: typeof TypeError | typeof RangeError, message: string]

const resourceRefusals: Refusal[] = [
  [{ numCpus: '1' }, TypeError, "'numCpus' must be a number, got '1'"],
  [{ numCpus: -1 }, RangeError, "'numCpus' must be a finite number that is not negative, got -1"],
  [{ numCpus: Number.NaN }, RangeError, 'got NaN'],
  [{ numGpus: Number.POSITIVE_INFINITY }, RangeError, "'numGpus' must be a finite number"],
  [{ memory: 0 }, RangeError, "'memory' must be a positive integer number of bytes, got 0"],
  [{ memory: 1.5 }, RangeError, 'got 1.5'],
  [{ memory: '1GB' }, TypeError, "'memory' must be a number of bytes"],
  [{ resources: [] }, TypeError, "'resources' must be an object of numbers"],
  [{ resources: { disk: -1 } }, RangeError, "'resources.disk' must be"],
  [{ runtimeEnv: 'x' }, TypeError, "'runtimeEnv' must be an object, got 'x'"],
  [{ runtimeEnv: { env_vars: { A: 1 } } }, TypeError, "'runtimeEnv.env_vars.A' must be a string, got 1"],
  [5, TypeError, 'options must be an object, got 5'],
  [null, TypeError, 'options must be an object, got null'],
]

const actorRefusals: Refusal[] = [
  ...resourceRefusals,
  [{ maxRestarts: -2 }, RangeError, "'maxRestarts' must be an integer of at least 0, or -1 for no limit, got -2"],
  [{ maxRestarts: 0.5 }, RangeError, 'got 0.5'],
  [
    { maxTaskRetries: '3' },
    TypeError,
    "'maxTaskRetries' must be an integer of at least 0, or -1 for no limit, got '3'",
  ],
  [{ maxConcurrency: 0 }, RangeError, "'maxConcurrency' must be an integer of at least 1, got 0"],
  [{ maxConcurrency: -1 }, RangeError, 'got -1'],
  [{ maxPendingCalls: 0 }, RangeError, "'maxPendingCalls' must be an integer of at least 1, or -1 for no limit, got 0"],
  [{ lifetime: 'forever' }, RangeError, "'lifetime' must be null or 'detached', got 'forever'"],
  [{ lifetime: true }, TypeError, "'lifetime' must be null or 'detached', got true"],
  [{ name: '' }, RangeError, "'name' must not be empty"],
  [{ name: 5 }, TypeError, "'name' must be a string, got 5"],
  [{ name: 'x', namespace: '' }, RangeError, "'namespace' must not be empty"],
  [{ name: 'x', getIfExists: 'yes' }, TypeError, "'getIfExists' must be true or false, got 'yes'"],
  [{ getIfExists: true }, TypeError, "'getIfExists' needs a 'name'"],
  [{ numCPUs: 1 }, TypeError, "unknown key 'numCPUs' in the actor options; known are numCpus,"],
]

const taskRefusals: Refusal[] = [
  ...resourceRefusals,
  [{ maxRetries: -2 }, RangeError, "'maxRetries' must be an integer of at least 0, or -1 for no limit, got -2"],
  [{ retryExceptions: 1 }, TypeError, "'retryExceptions' must be true or false, got 1"],
  [{ maxRestarts: 1 }, TypeError, "unknown key 'maxRestarts' in the task options"],
]

conformance('options of actors and tasks', (engine, it) => {
  const { Counter, square } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  for (const [options, kind, message] of actorRefusals) {
    it(`an actor refuses ${inspect(options)}`, async () => {
      expect(() => klaw.actor(Counter, options as ActorOptions)).toThrow(kind)
      expect(() => klaw.actor(Counter, options as ActorOptions)).toThrow(message)
      expect(() => klaw.actor(Counter).options(options as ActorOptions)).toThrow(message)
    })
  }

  for (const [options, kind, message] of taskRefusals) {
    it(`a task refuses ${inspect(options)}`, async () => {
      expect(() => klaw.task(square, options as TaskOptions)).toThrow(kind)
      expect(() => klaw.task(square, options as TaskOptions)).toThrow(message)
      expect(() => klaw.task(square).options(options as TaskOptions)).toThrow(message)
    })
  }

  it('a call refuses wrong options', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    expect(() => counter.add.options({ maxTaskRetries: -2 })).toThrow(RangeError)
    expect(() => counter.add.options({ retries: 1 } as object)).toThrow("unknown key 'retries' in the call options")
  })

  it('options replace one another, and undefined leaves the default', async () => {
    const Named = klaw
      .actor(Counter, { numCpus: 0, name: 'merged' })
      .options({ namespace: undefined, maxRestarts: undefined })
    const counter = Named.remote(1)
    await counter.ready()
    expect(await klaw.listNamedActors()).toContainEqual({ name: 'merged', namespace: expect.any(String) })
    using joined = Named.options({ getIfExists: true }).remote(100)
    expect(await joined.get.remote()).toBe(1)
    await klaw.kill(counter)
  })

  it('what is no definition is refused', async () => {
    for (const wrong of [undefined, null, class Plain {}, { Class: class {} }, square]) {
      expect(() => klaw.actor(wrong as never)).toThrow(TypeError)
    }
    for (const wrong of [undefined, () => 0, Counter]) expect(() => klaw.task(wrong as never)).toThrow(TypeError)
  })
})

describe('definitions', () => {
  test('need import.meta', () => {
    expect(() => actor('x' as never, class X {})).toThrow('the first argument of actor() must be import.meta')
    expect(() => task({} as never, function run() {})).toThrow('the first argument of task() must be import.meta')
  })

  test('need a class or a function with a name', () => {
    expect(() => actor(import.meta, (() => class {})())).toThrow('an actor class needs a name')
    expect(() => actor(import.meta, 5 as never)).toThrow('must be a class, got 5')
    expect(() =>
      task(
        import.meta,
        (
          () => () =>
            0
        )(),
      ),
    ).toThrow('a task needs a name')
    expect(() => task(import.meta, {} as never)).toThrow('must be a function')
  })

  test("refuse a method named 'then'", () => {
    class Thenable {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      then() {}
    }
    expect(() => actor(import.meta, Thenable)).toThrow("class Thenable has a method named 'then'")
  })

  test('keep the class and the function usable', () => {
    expect(new typescriptFixtures.Counter.Class(3).add(4)).toBe(7)
    expect(typescriptFixtures.square.run(5)).toBe(25)
  })
})
