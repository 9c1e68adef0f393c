import { describe, expect, test } from 'vitest'
import { actor } from '../../../src/api/actor.ts'
import { actorClass } from '../../../src/api/actor-class.ts'
import { putObject } from '../../../src/api/objects.ts'
import { createQueue } from '../../../src/api/queue.ts'
import { remoteTask, task } from '../../../src/api/task.ts'
import { actorPort } from '../../../src/engine/actor-engine.ts'
import type { CodePlace, CodeSource } from '../../../src/engine/ray/code/code-source.ts'
import { ActorDiedError, KlawError, SerializationError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { type FakeAgent, settle, startRig, until } from '../ray-engine/fake-agent.ts'

const meta = { url: 'file:///home/me/counters.ts' }
const Counter = actor(
  meta,
  class Counter {
    readonly start: unknown
    constructor(start?: unknown, ..._more: unknown[]) {
      this.start = start
    }
    async add(amount: number) {
      return amount
    }
    *steps() {
      yield 1
    }
  },
)
const double = task(meta, function double(value: unknown) {
  return value
})

const place: CodePlace = { runtime: 'aa', module: 'bb', source: meta.url, inside: false }
const atOnce: CodeSource = { placeOf: () => place }

/** A source that says where the code is when it is told to. */
function slowly() {
  let found = () => {}
  let failed = (_: Error) => {}
  const coming = new Promise<CodePlace>((resolve, reject) => {
    found = () => resolve(place)
    failed = reject
  })
  const source: CodeSource = { placeOf: () => coming }
  return { source, found, failed }
}

const failing = async (promise: PromiseLike<unknown>) => (await rejection(promise)) as Error

type Asked = [operation: string, argument: Record<string, unknown>][]

function recording(agent: FakeAgent, never: readonly string[] = []): Asked {
  const asked: Asked = []
  const answer = (operation: string, value: unknown) =>
    agent.operations.set(operation, (argument: never) => {
      asked.push([operation, argument])
      return never.includes(operation) ? new Promise(() => {}) : value
    })
  answer('typescript.create', { id: 'abcd', description: {} })
  answer('typescript.submit', undefined)
  answer('typescript.code', undefined)
  answer('queue.create', { id: 'ef', maxsize: 0 })
  return asked
}

describe('an actor in TypeScript', () => {
  test('is asked for with its code, its methods, and options by their owners', async () => {
    const { agent, engine } = await startRig(atOnce)
    const asked = recording(agent)
    const handle = actorClass(engine.actors, Counter, {
      numCpus: 0.5,
      numGpus: 1,
      resources: { fast: 1 },
      maxRestarts: 3,
      maxTaskRetries: 2,
      maxConcurrency: 5,
      maxPendingCalls: 9,
      name: 'c',
    }).remote(7)
    await until(() => asked.length === 1)
    const [operation, { args, ...rest }] = asked[0] ?? ['', {}]
    expect(operation).toBe('typescript.create')
    expect((args as Uint8Array[]).map((bytes) => agent.codec.decode(bytes))).toEqual([7])
    expect(rest).toEqual({
      number: 1,
      code: { ...place, name: 'Counter', methods: { add: 'value', steps: 'stream' }, asynchronous: true },
      handles: [],
      resolved: [],
      options: { num_cpus: 0.5, num_gpus: 1, resources: { fast: 1 }, max_restarts: 3, name: 'c' },
      maxConcurrency: 5,
      maxTaskRetries: 2,
      maxPendingCalls: 9,
    })
    await settle()
    const { description, id } = handle[actorPort as never] as { description: object; id: string }
    expect(description).toMatchObject({ language: 'typescript', name: 'Counter' })
    expect(id).toBe('abcd')
  })

  test('handles of one class share their own class', async () => {
    const { agent, engine } = await startRig(atOnce)
    recording(agent)
    const Remote = actorClass(engine.actors, Counter)
    expect(Object.getPrototypeOf(Remote.remote())).toBe(Object.getPrototypeOf(Remote.remote()))
  })

  test('has its number before its code is there', async () => {
    const { source, found } = slowly()
    const { agent, engine } = await startRig(source)
    const asked = recording(agent)
    actorClass(engine.actors, Counter).remote()
    await until(() => asked.length === 1)
    expect(asked[0]?.[1]).toMatchObject({ number: 1, code: null, maxConcurrency: null })
    found()
    await until(() => asked.length === 2)
    expect(asked[1]).toEqual([
      'typescript.code',
      {
        number: 1,
        code: { ...place, name: 'Counter', methods: { add: 'value', steps: 'stream' }, asynchronous: true },
      },
    ])
  })

  test('whose code can not be had fails, here and for others', async () => {
    const { source, failed } = slowly()
    const { agent, engine } = await startRig(source)
    const asked = recording(agent, ['typescript.create'])
    const handle = actorClass(engine.actors, Counter).remote()
    const ready = rejection(handle.ready())
    const cause = new KlawError('file:///home/me/counters.ts can not be bundled for the cluster')
    failed(cause)
    await until(() => asked.length === 2)
    expect(asked[1]).toEqual(['typescript.code', { number: 1, error: expect.any(KlawError) }])
    const error = await failing(handle.add.remote(1))
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.message).toContain('actor Counter could not be created')
    expect(error.message).toContain('can not be bundled')
    expect(error.cause).toBe(cause)
    agent.lose(new Error('the test is over'))
    await ready
  })

  test('whose source throws fails as well, and `remote` does not', async () => {
    const { engine, agent } = await startRig({
      placeOf() {
        throw new KlawError('not in the cluster')
      },
    })
    recording(agent)
    const handle = actorClass(engine.actors, Counter).remote()
    await settle()
    expect((await failing(handle.ready())).cause).toMatchObject({ message: 'not in the cluster' })
  })

  test('whose arguments can not be sent is never asked for', async () => {
    const { agent, engine } = await startRig(atOnce)
    const asked = recording(agent)
    const handle = actorClass(engine.actors, Counter).remote(1, { f: () => 1 })
    const error = await failing(handle.ready())
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.cause).toBeInstanceOf(SerializationError)
    expect((error.cause as SerializationError).path).toBe('args[1].f')
    expect(asked).toEqual([])
  })
})

describe('packed arguments', () => {
  test('refer to handles by index, to refs that Ray resolves by null', async () => {
    const { agent, engine } = await startRig(atOnce)
    const asked = recording(agent)
    const ref = putObject(engine.objects, 'stored')
    const queue = await createQueue(engine.queues)
    const other = actorClass(engine.actors, Counter).remote()
    actorClass(engine.actors, Counter).remote({ ref, list: [other, queue] }, ref, 'plain', [other])
    await until(() => asked.filter(([operation]) => operation === 'typescript.create').length === 2)
    const { args, handles, resolved } = (asked.at(-1) ?? [])[1] as Record<string, (Uint8Array | null)[]>
    expect(args?.map((bytes) => (bytes === null ? null : agent.codec.decode(bytes)))).toEqual([
      {
        ref: { kind: 1, body: 0 },
        list: [
          { kind: 2, body: 1 },
          { kind: 11, body: 2 },
        ],
      },
      null,
      'plain',
      [{ kind: 2, body: 3 }],
    ])
    expect(handles).toEqual([
      { kind: 1, body: 1 },
      { kind: 2, body: 3 },
      { kind: 11, body: 2 },
      { kind: 2, body: 3 },
    ])
    expect(resolved).toEqual([{ kind: 1, body: 1 }])
  })

  test('with a ref of another runtime are refused by name', async () => {
    const { agent, engine } = await startRig(atOnce)
    recording(agent)
    const stranger = await startRig()
    const ref = putObject(stranger.engine.objects, 1)
    for (const args of [
      [1, ref],
      [1, [ref]],
    ]) {
      const error = await failing(
        actorClass(engine.actors, Counter)
          .remote(...args)
          .ready(),
      )
      expect((error.cause as SerializationError).path).toBe(args[1] === ref ? 'args[1]' : 'args[1][0]')
    }
  })
})

describe('a task in TypeScript', () => {
  test('is asked for with its code', async () => {
    const { agent, engine } = await startRig(atOnce)
    const asked = recording(agent)
    const ref = remoteTask(engine.actors, double, { numCpus: 2, maxRetries: 1 }).remote([3])
    await until(() => asked.length === 1)
    const [operation, { args, ...rest }] = asked[0] ?? ['', {}]
    expect(operation).toBe('typescript.submit')
    expect(agent.codec.decode((args as Uint8Array[])[0] as Uint8Array)).toEqual([3])
    expect(rest).toEqual({
      number: 1,
      code: { ...place, name: 'double' },
      handles: [],
      resolved: [],
      options: { num_cpus: 2, max_retries: 1 },
    })
    const value = ref as PromiseLike<unknown>
    const got = Promise.resolve(value)
    await until(() => agent.of('get').length === 1)
    agent.value(1, 6)
    expect(await got).toBe(6)
  })

  test('whose code can not be had fails with that', async () => {
    const { source, failed } = slowly()
    const { agent, engine } = await startRig(source)
    const asked = recording(agent)
    const ref = remoteTask(engine.actors, double).remote(1)
    const cause = new KlawError('a syntax error')
    failed(cause)
    expect(await failing(ref as PromiseLike<unknown>)).toBe(cause)
    await until(() => asked.length === 2)
    expect(asked[1]?.[1]).toMatchObject({ number: 1, error: { message: 'a syntax error' } })
  })

  test('whose arguments can not be sent fails with their path', async () => {
    const { agent, engine } = await startRig(atOnce)
    const asked = recording(agent)
    const error = await failing(remoteTask(engine.actors, double).remote(Symbol('s')) as PromiseLike<unknown>)
    expect((error as SerializationError).path).toBe('args[0]')
    expect(asked).toEqual([])
  })
})
