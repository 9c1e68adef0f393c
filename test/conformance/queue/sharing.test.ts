import {
  ActorAlreadyExistsError,
  ActorDiedError,
  type Queue,
  RayActorError,
  type Runtime,
  RuntimeClosedError,
  shared,
} from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { collectUntil } from '../../support/collect-garbage.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { conformance } from '../engine.ts'

conformance('queues between threads', (engine, it) => {
  const { QueueUser } = engine.fixtures
  let klaw: Runtime
  const user = (queue: Queue<unknown>, numCpus: 0 | 1 = 0) =>
    klaw.actor(QueueUser, { numCpus: engine.name === 'ray' ? 0 : numCpus }).remote(queue)
  beforeAll(async () => {
    // Threads of their own are wanted here, more than the machine has CPUs.
    klaw = await engine.connect({ numCpus: 32 })
  })
  afterAll(() => klaw.shutdown())

  it('a queue can be passed anywhere', async () => {
    using queue = klaw.queue<unknown>()
    const other = user(queue)
    await other.put.remote({ from: 'elsewhere' })
    expect(await queue.get()).toEqual({ from: 'elsewhere' })
    await queue.put([queue])
    const [itself] = (await queue.get()) as [Queue<unknown>]
    await itself.put('through itself')
    expect(await other.get.remote()).toBe('through itself')
    const { queue: stored } = await klaw.put({ queue })
    expect(await stored.qsize()).toBe(0)
  })

  it('a queue can be passed through a channel', async () => {
    using queue = klaw.queue<unknown>()
    const [tx, rx] = await klaw.channel<{ queue: Queue<unknown> }>({ capacity: 1 })
    await tx.send({ queue })
    const { queue: received } = await rx.recv()
    await received.put('through a channel')
    expect(await queue.get()).toBe('through a channel')
    await tx.close()
    await rx.close()
  })

  it('many producers and consumers: every item once, and each producer’s in order', async () => {
    using queue = klaw.queue<unknown>({ maxsize: 10 })
    const producers = [0, 1000, 2000].map((from) => ({ from, user: user(queue, 1) }))
    const consumers = [1, 2, 3].map(() => user(queue, 1))
    const gets = consumers.map((consumer) => consumer.getMany.remote(200) as PromiseLike<number[]>)
    await Promise.all(producers.map(({ from, user }) => user.putMany.remote(from, 200)))
    const all = await Promise.all(gets)
    const items = all.flat()
    expect(new Set(items).size).toBe(600)
    for (const got of all) {
      for (const { from } of producers) {
        const own = got.filter((item) => item >= from && item < from + 1000)
        expect(own).toEqual([...own].sort((a, b) => a - b))
      }
    }
  })

  it('thousands of blocked gets never block puts', async () => {
    using queue = klaw.queue<unknown>()
    const other = user(queue)
    await other.startGets.remote(3000)
    const mine = Array.from({ length: 3000 }, () => queue.get())
    const items = Array.from({ length: 6000 }, (_, item) => item)
    for (let from = 0; from < 6000; from += 100) await queue.putNowaitBatch(items.slice(from, from + 100))
    const got = [...(await Promise.all(mine)), ...(await other.outcomes.remote())] as number[]
    expect(got.sort((a, b) => a - b)).toEqual(items)
  })

  it('a consumer that is killed while it waits takes nothing with it', async () => {
    using queue = klaw.queue<unknown>()
    const victim = user(queue, 1)
    await victim.startGets.remote(5)
    await klaw.kill(victim)
    const items = [1, 2, 3]
    for (const item of items) await queue.put(item)
    const got = [await queue.get(), await queue.get(), await queue.get()]
    expect(got.sort()).toEqual(items)
  })

  it('what was handed to a consumer that ended before it took it goes to another, in order', {
    onlyEmbedded: 'it stops a thread by shared memory',
  }, async () => {
    using queue = klaw.queue<unknown>()
    const victim = user(queue, 1)
    await victim.startGets.remote(50)
    // From now on it can not take what it is handed.
    const blocked = shared(new Int32Array(1))
    victim.block.remote(blocked)
    await until(() => Atomics.load(blocked, 0) === 1)
    const items = Array.from({ length: 50 }, (_, item) => item)
    await queue.putNowaitBatch(items)
    expect(await queue.qsize()).toBe(0)
    await klaw.kill(victim)
    const got: unknown[] = []
    while (got.length < 50) got.push(await queue.get())
    expect(got).toEqual(items)
  })

  it('a producer that is killed while it waits leaves nothing behind', async () => {
    using queue = klaw.queue<unknown>({ maxsize: 1 })
    await queue.put('first')
    const victim = user(queue, 1)
    await victim.startPuts.remote(['never'])
    await klaw.kill(victim)
    await until(async () => {
      // As long as the dead one stands in line, nobody gets ahead of it.
      await queue.get({ timeout: 0 }).catch(() => undefined)
      return queue.putNowait('mine').then(
        () => true,
        () => false,
      )
    })
    expect(await queue.get()).toBe('mine')
  })

  it('shutdown settles what waits, here and elsewhere, and refuses what comes later', async () => {
    const queue = klaw.queue<unknown>({ maxsize: 1 })
    const other = user(queue)
    await other.startGets.remote(2)
    const get = rejection(queue.get())
    await queue.qsize()
    await queue.shutdown()
    expect(await get).toBeInstanceOf(RayActorError)
    for (const error of await other.outcomes.remote()) expect(error).toBeInstanceOf(ActorDiedError)
    const calls = [
      queue.put(1),
      queue.putNowait(1),
      queue.putNowaitBatch([1]),
      queue.get(),
      queue.getNowait(),
      queue.getNowaitBatch(1),
      queue.qsize(),
      queue.empty(),
      queue.full(),
      queue.ready(),
    ]
    for (const error of await Promise.all(calls.map(rejection))) expect(error).toBeInstanceOf(RayActorError)
    for (const operation of ['get', 'put', 'qsize', 'getNowait'] as const) {
      expect(await other.failure.remote(operation)).toBe('ActorDiedError')
    }
    await queue.shutdown()
    await queue.shutdown({ force: true })
  })

  it('shutdown settles puts that wait for room', async () => {
    const queue = klaw.queue<number>({ maxsize: 1 })
    await queue.put(1)
    const waiting = rejection(queue.put(2))
    await queue.qsize()
    await queue.shutdown({ force: true })
    expect(await waiting).toBeInstanceOf(RayActorError)
  })

  it('a graceful shutdown carries out what was asked for before', async () => {
    const queue = klaw.queue<number>()
    const puts = [1, 2, 3].map((item) => queue.put(item))
    await queue.shutdown({ gracePeriodS: 30 })
    await Promise.all(puts)
  })

  it('the options of shutdown are checked', async () => {
    using queue = klaw.queue<number>()
    await expect(queue.shutdown({ gracePeriodS: -1 })).rejects.toThrow(RangeError)
    await expect(queue.shutdown({ gracePeriodS: '1' as never })).rejects.toThrow(TypeError)
    await expect(queue.shutdown({ force: 1 as never })).rejects.toThrow("'force' must be true or false")
    expect(await queue.qsize()).toBe(0)
  })

  it('a queue with a name is found by it', async () => {
    const actorOptions = { name: 'jobs', getIfExists: true } as const
    const first = klaw.queue<number>({ maxsize: 5, actorOptions })
    await first.put(1)
    const second = klaw.queue<number>({ maxsize: 99, actorOptions })
    expect(await second.get()).toBe(1)
    await second.putNowaitBatch([1, 2, 3, 4, 5])
    expect(await first.full()).toBe(true)
    expect(await klaw.listNamedActors()).toContainEqual({ name: 'jobs', namespace: engine.namespace })
    const taken = klaw.queue({ actorOptions: { name: 'jobs' } })
    expect(await rejection(taken.ready())).toBeInstanceOf(ActorAlreadyExistsError)
    expect(await rejection(taken.put(1))).toBeInstanceOf(ActorAlreadyExistsError)
    await first.shutdown()
    expect(await rejection(second.get())).toBeInstanceOf(RayActorError)
    const next = klaw.queue<number>({ actorOptions })
    expect(await next.qsize()).toBe(0)
    await next.shutdown()
  })

  it('a detached queue outlives who made it', async () => {
    const actorOptions = { name: 'kept', lifetime: 'detached' } as const
    const queue = klaw.queue<string>({ actorOptions })
    await queue.put('kept')
    queue[Symbol.dispose]()
    const again = klaw.queue<string>({ actorOptions: { ...actorOptions, getIfExists: true } })
    expect(await again.get()).toBe('kept')
    await again.shutdown()
  })

  it('a queue without a name ends with its last handle', async () => {
    const queue = klaw.queue<string>()
    const other = user(queue, 0)
    await other.put.remote('x')
    queue[Symbol.dispose]()
    // The other thread's handle keeps it.
    expect(await other.get.remote()).toBe('x')
  })

  it('handles that are collected let go of their queue', async () => {
    const small = await engine.connect({ numCpus: 1 })
    await (async () => {
      const queue = small.queue<string>({ actorOptions: engine.claim(1, 'queues') })
      await queue.put('x')
    })()
    // There is no CPU for another one until the first has ended.
    using next = small.queue<string>({ actorOptions: engine.claim(1, 'queues') })
    let ready = false
    next.ready().then(() => {
      ready = true
    })
    await collectUntil(() => ready)
    await small.shutdown()
  })

  it('after the runtime’s shutdown everything is refused, what waits too', async () => {
    const second = await engine.connect()
    const queue = second.queue<number>()
    const waiting = rejection(queue.get())
    await queue.qsize()
    await second.shutdown()
    expect(await waiting).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(queue.put(1))).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(queue.qsize())).toBeInstanceOf(RuntimeClosedError)
  })
})
