import { describe, expect, test } from 'vitest'
import { actorClass } from '../../../src/api/actor-class.ts'
import { actorHandle } from '../../../src/api/actor-handle.ts'
import { putObject } from '../../../src/api/objects.ts'
import { pyActorClass, pyFunction } from '../../../src/api/python.ts'
import { createQueue } from '../../../src/api/queue.ts'
import { remoteTask } from '../../../src/api/task.ts'
import { ActorAlreadyExistsError, RayError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { type FakeAgent, numberOf, settle, startRig, until } from './fake-agent.ts'

interface Counter {
  add(amount: unknown, more?: unknown): number
  steps(): Generator<number>
}

const Counter = pyActorClass<Counter>('counters', 'Counter', { generators: ['steps'] })
const never = () => new Promise(() => {})

/** What the agent was asked for, in order. */
function recording(agent: FakeAgent, answers: Record<string, (argument: never) => unknown>): [string, unknown][] {
  const asked: [string, unknown][] = []
  for (const [name, answer] of Object.entries(answers)) {
    agent.operations.set(name, (argument: never) => {
      asked.push([name, argument])
      return answer(argument)
    })
  }
  return asked
}

describe('creation', () => {
  test("names the class, and options by Ray's own names", async () => {
    const { agent, engine } = await startRig()
    const asked = recording(agent, {
      'actor.create': () => ({ id: 'abcd', description: {} }),
      'actor.ready': () => null,
    })
    const handle = actorClass(engine.actors, Counter, {
      numCpus: 0.5,
      resources: { gpu_x: 1 },
      maxRestarts: -1,
      maxTaskRetries: 2,
      maxPendingCalls: 7,
      lifetime: 'detached',
      name: 'c',
      getIfExists: true,
      runtimeEnv: { env_vars: { A: '1' } },
    }).remote(1, 'two')
    await handle.ready()
    expect(asked[0]).toEqual([
      'actor.create',
      {
        number: 1,
        module: 'counters',
        name: 'Counter',
        args: [1, 'two'],
        options: {
          num_cpus: 0.5,
          resources: { gpu_x: 1 },
          max_restarts: -1,
          max_task_retries: 2,
          max_pending_calls: 7,
          lifetime: 'detached',
          name: 'c',
          get_if_exists: true,
          runtime_env: { env_vars: { A: '1' } },
        },
      },
    ])
    expect(String(handle)).toBe('ActorHandle<Counter>(abcd)')
  })

  test('that fails is what ready, and every later call, fails with', async () => {
    const { agent, engine } = await startRig()
    recording(agent, {
      'actor.create': () => {
        throw new ActorAlreadyExistsError('the name c is taken')
      },
    })
    const handle = actorClass(engine.actors, Counter).remote()
    expect(await rejection(handle.ready())).toMatchObject({ code: 'ACTOR_ALREADY_EXISTS' })
    expect(await rejection(handle.add.remote(1))).toMatchObject({ code: 'ACTOR_ALREADY_EXISTS' })
    expect(await rejection(handle.steps.remote().next())).toMatchObject({ code: 'ACTOR_ALREADY_EXISTS' })
    expect(agent.of('invoke')).toEqual([])
  })

  test('with what can not be sent names the place as the caller knows it', async () => {
    const { engine } = await startRig()
    const handle = actorClass(engine.actors, Counter).remote(1, { deep: [() => 1] })
    const cause = { code: 'SERIALIZATION', path: 'args[1].deep[0]' }
    // Calls that are made at once know it too: the agent never hears of this actor.
    expect(await rejection(handle.add.remote(1))).toMatchObject({ code: 'ACTOR_DIED', cause })
    expect(await rejection(handle.ready())).toMatchObject({ code: 'ACTOR_DIED', cause })
  })

  test('stores large arguments first, and lets go of them', async () => {
    const { agent, engine } = await startRig()
    const asked = recording(agent, { 'actor.create': () => ({ id: 'a', description: {} }) })
    actorClass(engine.actors, Counter).remote(new Uint8Array(200_000), 'small')
    await until(() => asked.length === 1)
    const [put] = agent.of('put')
    expect(asked[0]?.[1]).toMatchObject({ args: [{ kind: 1, body: put?.stream }, 'small'] })
    agent.stored(put?.stream as number)
    await until(() => agent.released().get(put?.stream as number) === 1)
  })
})

describe('calls', () => {
  test('go at once, in order, behind a creation that has not been answered; the name of a method goes once', async () => {
    const { agent, engine } = await startRig()
    recording(agent, { 'actor.create': never })
    const handle = actorClass(engine.actors, Counter).remote()
    const refs = [handle.add.remote(1), handle.add.remote(2, 'x'), handle.add.remote(3)]
    const sum = refs[1]?.then((value) => value)
    await until(() => agent.of('get').length === 1)
    const invokes = agent.of('invoke')
    expect(invokes.map(({ stream }) => stream)).toEqual(refs.map(numberOf))
    expect(invokes.map(({ flags }) => flags)).toEqual([16, 0, 0])
    expect(agent.of('get')[0]?.stream).toBe(numberOf(refs[1]))
    agent.value(numberOf(refs[1]), 5)
    expect(await sum).toBe(5)
  })

  test('that are awaited at once leave in one chunk with the wish for their value', async () => {
    const { agent, engine, transport } = await startRig()
    recording(agent, { 'actor.create': never })
    const handle = actorClass(engine.actors, Counter).remote()
    await settle()
    const chunks: number[] = []
    const post = transport.post.bind(transport)
    transport.post = (chunk) => {
      chunks.push(chunk.byteLength)
      post(chunk)
    }
    const value = Promise.resolve(handle.add.remote(1))
    await until(() => agent.of('get').length === 1)
    expect(chunks).toHaveLength(1)
    agent.value(agent.of('get')[0]?.stream as number, 1)
    expect(await value).toBe(1)
  })

  test('with an argument of more than 100 KB store it first and pass a ref; getters run once', async () => {
    const { agent, engine } = await startRig()
    recording(agent, { 'actor.create': never })
    const handle = actorClass(engine.actors, Counter).remote()
    let ran = 0
    const counted = {
      get text() {
        ran++
        return 'x'.repeat(150_000)
      },
    }
    handle.add.remote(7, counted)
    handle.add.remote(new Float64Array(100_000), 8)
    await until(() => agent.of('invoke').length === 2)
    expect(ran).toBe(1)
    const puts = agent.of('put')
    expect(puts).toHaveLength(2)
    const [first, second] = agent.of('invoke').map(argumentsOf(agent))
    expect(first).toEqual([7, { kind: 1, body: puts[0]?.stream }])
    expect(second).toEqual([{ kind: 1, body: puts[1]?.stream }, 8])
    // The put goes before the call that needs it, and what was held is let go once it is stored.
    const types = agent.seen.map(({ type }) => type)
    expect(types.indexOf('put')).toBeLessThan(types.indexOf('invoke'))
    for (const { stream } of puts) agent.stored(stream)
    await until(() => puts.every(({ stream }) => agent.released().get(stream) === 1))
  })

  test('that can not be encoded leave nothing behind', async () => {
    const { agent, engine } = await startRig()
    recording(agent, { 'actor.create': never })
    const handle = actorClass(engine.actors, Counter).remote()
    expect(await rejection(handle.add.remote({ a: [Symbol('s')] }))).toMatchObject({
      code: 'SERIALIZATION',
      path: 'args[0].a[0]',
    })
    handle.add.remote(1)
    await until(() => agent.of('invoke').length === 1)
    expect(agent.of('invoke')[0]?.flags).toBe(16)
  })

  test('with options go as a request, in their place', async () => {
    const { agent, engine } = await startRig()
    const asked = recording(agent, { 'actor.create': never, 'actor.call': () => undefined })
    const handle = actorClass(engine.actors, Counter).remote()
    const ref = handle.add.options({ maxTaskRetries: 3, retryExceptions: true }).remote(1)
    const value = Promise.resolve(ref)
    await until(() => agent.of('get').length === 1)
    expect(asked[1]).toEqual([
      'actor.call',
      {
        number: numberOf(ref),
        actor: 1,
        method: 'add',
        args: [1],
        options: { max_task_retries: 3, retry_exceptions: true },
      },
    ])
    agent.value(numberOf(ref), 2)
    expect(await value).toBe(2)
  })

  test('by a handle that was disposed of are refused; the last handle gives the number back', async () => {
    const { agent, engine } = await startRig()
    recording(agent, { 'actor.create': never })
    const handle = actorClass(engine.actors, Counter).remote()
    handle[Symbol.dispose]()
    expect(await rejection(handle.add.remote(1))).toMatchObject({ code: 'RAY_ACTOR' })
    await until(() => agent.released().get(1) === 1)
  })
})

describe('handles', () => {
  test('a found actor has the methods that the agent describes, and can be passed on', async () => {
    const { agent, engine } = await startRig()
    const number = 2 ** 31
    recording(agent, {
      'actor.find': () => ({
        number,
        id: 'ab',
        description: { module: 'm', name: 'Found', methods: { go: 'value', all: 'stream' }, asynchronous: false },
      }),
    })
    const handle = actorHandle<Record<string, unknown>>(await engine.actors.find('x', undefined)) as object
    expect('go' in handle && 'all' in handle).toBe(true)
    expect('other' in handle).toBe(false)
    putObject(engine.objects, [handle])
    await until(() => agent.of('put').length === 1)
    const [put] = agent.of('put')
    expect(agent.codec.decode(put?.body.subarray(8) as Uint8Array)).toEqual([{ kind: 2, body: number }])
  })

  test('an open handle can be awaited and looked at', async () => {
    const { agent, engine } = await startRig()
    recording(agent, { 'actor.create': never })
    const handle = actorClass(engine.actors, Counter).remote()
    expect(await handle).toBe(handle)
    expect(handle.add).toBe(handle.add)
    expect(JSON.stringify({ handle })).toBe('{"handle":{}}')
  })
})

describe('streams', () => {
  test('are read step by step, in order, and closed when the loop is left', async () => {
    const { agent, engine } = await startRig()
    let step = 0
    const asked = recording(agent, {
      'actor.create': never,
      'stream.open': () => undefined,
      'stream.next': () => ({ done: false, value: ++step }),
      'stream.close': () => undefined,
    })
    const handle = actorClass(engine.actors, Counter).remote()
    const seen: number[] = []
    for await (const value of handle.steps.remote()) {
      seen.push(value)
      if (value === 3) break
    }
    expect(seen).toEqual([1, 2, 3])
    const [, open] = asked
    expect(open).toEqual(['stream.open', { number: 2, actor: 1, method: 'steps', args: [] }])
    expect(asked.slice(2).map(([name]) => name)).toEqual(['stream.next', 'stream.next', 'stream.next', 'stream.close'])
    await until(() => agent.released().get(2) === 1)
  })

  test('end, and fail, once', async () => {
    const { agent, engine } = await startRig()
    recording(agent, {
      'actor.create': never,
      'stream.open': () => undefined,
      'stream.next': () => {
        throw new RayError('the generator threw')
      },
    })
    const steps = actorClass(engine.actors, Counter).remote().steps.remote()
    const [first, second] = [rejection(steps.next()), steps.next()]
    expect(await first).toMatchObject({ message: 'the generator threw' })
    expect(await second).toEqual({ done: true, value: undefined })
    expect(await steps.return?.()).toEqual({ done: true, value: undefined })
  })
})

describe('tasks', () => {
  test('are submitted by name, and fail with what their submission fails with', async () => {
    const { agent, engine } = await startRig()
    const asked = recording(agent, {
      'task.submit': () => {
        throw new RayError('there is no module nowhere')
      },
    })
    const task = remoteTask(engine.actors, pyFunction<(a: number) => number>('nowhere', 'f'), { numCpus: 2 })
    const ref = task.remote(1) as PromiseLike<number>
    expect(await rejection(ref)).toMatchObject({ message: 'there is no module nowhere' })
    expect(asked[0]?.[1]).toMatchObject({
      module: 'nowhere',
      name: 'f',
      args: [1],
      options: { num_cpus: 2, max_retries: 3 },
    })
  })
})

describe('queues', () => {
  test('ask what the protocol says', async () => {
    const { agent, engine } = await startRig()
    const asked = recording(agent, {
      'queue.create': () => ({ id: 'q', maxsize: 2 }),
      'queue.put': () => true,
      'queue.putAll': () => ({ size: 2, maxsize: 2 }),
      'queue.get': () => [null],
      'queue.getMany': () => ({ size: 0, maxsize: 2 }),
      'queue.size': () => 2,
    })
    const queue = createQueue<number | null>(engine.queues, { maxsize: 2 })
    await queue.ready().catch(() => {})
    await queue.put(1)
    await queue.put(2, { timeout: 5 })
    expect(await rejection(queue.putNowaitBatch([1]))).toMatchObject({ code: 'QUEUE_FULL' })
    expect(await queue.getNowait()).toBe(null)
    expect(await rejection(queue.getNowaitBatch(1))).toMatchObject({ code: 'QUEUE_EMPTY' })
    expect(await queue.size()).toBe(2)
    expect(asked).toEqual([
      ['queue.create', { number: 1, maxsize: 2, options: { num_cpus: 0 } }],
      ['queue.put', { queue: 1, item: [1], timeout: null }],
      ['queue.put', { queue: 1, item: [2], timeout: 5 }],
      ['queue.putAll', { queue: 1, items: [1] }],
      ['queue.get', { queue: 1, timeout: 0 }],
      ['queue.getMany', { queue: 1, count: 1 }],
      ['queue.size', 1],
    ])
  })

  test('a get that is aborted asks the agent, whose answer decides', async () => {
    const { agent, engine } = await startRig()
    let aborted = false
    let answer: unknown
    agent.operations.set('queue.create', () => ({ id: 'q', maxsize: 0 }))
    agent.operations.set('queue.get', (_argument, { signal }) => {
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true
          if (answer === undefined) reject(new RayError('nobody waits'))
          else resolve(answer)
        })
      })
    })
    const queue = createQueue(engine.queues)
    const controller = new AbortController()
    const got = rejection(queue.get({ signal: controller.signal }))
    await settle()
    controller.abort(new Error('enough'))
    expect(await got).toMatchObject({ message: 'enough' })
    expect(aborted).toBe(true)
    // An item that crosses the abort is not lost.
    answer = ['late']
    const second = new AbortController()
    const crossed = queue.get({ signal: second.signal })
    await settle()
    second.abort(new Error('enough'))
    expect(await crossed).toBe('late')
  })
})

/** The arguments that an invoke carries. */
function argumentsOf(agent: FakeAgent) {
  return ({ flags, body }: { readonly flags: number; readonly body: Uint8Array }): unknown[] => {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    const count = view.getUint16(6, true)
    const lengths = 8 + ((flags & 16) === 0 ? 0 : 2 + view.getUint16(8, true))
    let position = lengths + count * 4
    return Array.from({ length: count }, (_, index) => {
      const end = position + view.getUint32(lengths + index * 4, true)
      const value = agent.codec.decode(body, position, end)
      position = end
      return value
    })
  }
}
