import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ActorDiedError,
  ActorUnschedulableError,
  channel,
  type ObjectRef,
  type PoolWorkerProgress,
  RayTaskError,
  type Receiver,
  type Runtime,
  RuntimeClosedError,
  SerializationError,
} from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import type { GateHandle } from '../../fixtures/actors/gate.ts'
import {
  GateUser,
  Ledger,
  type LedgerHandle,
  NeverStarts,
  type PoolWork,
  PoolWorker,
  StartsOnce,
} from '../../fixtures/actors/pool-workers.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { numbers, untilStats } from '../channels/support.ts'
import { conformance } from '../engine.ts'
import { states } from './support.ts'

conformance('pools of actors', { onlyTypeScript: 'its actors are in TypeScript' }, (engine, it) => {
  const { Gate } = engine.fixtures
  /** For workers that end their thread, or process: one of four of a kind. */
  const claim = engine.claim(1, 'pools')
  let klaw: Runtime
  let ledger: LedgerHandle
  beforeAll(async () => {
    klaw = await engine.connect({ numCpus: 4 })
    ledger = klaw.actor(Ledger, { numCpus: 0 }).remote()
  })
  afterAll(async () => {
    ledger[Symbol.dispose]()
    await klaw.shutdown()
  })

  it('deal with every item once', async () => {
    const [tx, rx] = await klaw.channel<number>({ capacity: 50 })
    const results = new Map<number, number>()
    const doubling = klaw.pool(rx, PoolWorker, {
      size: 3,
      method: 'double',
      args: [ledger],
      actorOptions: { numCpus: 0 },
      concurrency: 4,
      onResult: (result, item) => void results.set(item, result),
    })
    await until(() => states(doubling).every((state) => state === 'idle'))
    for (const value of numbers(500)) await tx.send(value)
    await tx.close()
    await doubling.done
    expect(results).toEqual(new Map(numbers(500).map((value) => [value, value * 2])))
    expect(doubling.workers.every(({ processed }) => processed > 0)).toBe(true)
    await rx.close()
  })

  it('give each actor no more than its concurrency', async () => {
    const [tx, rx] = channel<{ gate: GateHandle; name: string }>()
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const passing = klaw.pool(rx, GateUser, { size: 2, concurrency: 2, actorOptions: { numCpus: 0 } })
    for (const name of ['a', 'b', 'c', 'd', 'e']) tx.trySend({ gate, name })
    tx.close()
    await gate.arrivals.remote(4)
    expect(passing.workers.map(({ running }) => running)).toEqual([2, 2])
    expect(rx.length).toBe(1)
    gate.open.remote()
    expect(await passing.done).toMatchObject({ processed: 5 })
    rx.close()
  })

  it('resolve items that are refs', async () => {
    const [tx, rx] = await klaw.channel<ObjectRef<number>>()
    const results: number[] = []
    const doubling = klaw.pool(rx, PoolWorker, {
      size: 1,
      method: 'double',
      args: [ledger],
      actorOptions: { numCpus: 0 },
      onResult: (result) => results.push(result),
    })
    await tx.sendBatch([klaw.put(1), klaw.put(2)])
    await tx.close()
    await doubling.done
    expect(results).toEqual([2, 4])
    await rx.close()
  })

  it('report what the method throws, and what can not be sent', async () => {
    const [tx, rx] = channel<PoolWork>()
    const told: unknown[] = []
    const working = klaw.pool(rx, PoolWorker, {
      size: 1,
      args: [ledger],
      actorOptions: { numCpus: 0 },
      onError: (error, item) => told.push(error, item.key),
    })
    const unsendable = { key: 101, call: () => {} }
    for (const item of [{ key: 100, always: 'throw' as const }, unsendable, { key: 102 }]) tx.trySend(item)
    tx.close()
    expect(await working.done).toMatchObject({ processed: 1, failed: 2, deaths: 0 })
    expect(told[0]).toBeInstanceOf(RayTaskError)
    expect((told[0] as RayTaskError).cause).toBeInstanceOf(RangeError)
    expect(told[1]).toBe(100)
    expect(told[2]).toBeInstanceOf(SerializationError)
    expect(told[3]).toBe(101)
    rx.close()
  })

  it('survive workers that die in the middle of an item, which is reported', async () => {
    const [tx, rx] = await klaw.channel<PoolWork>()
    const told: number[] = []
    let last: readonly PoolWorkerProgress[] = []
    const working = klaw.pool(rx, PoolWorker, {
      size: 2,
      args: [ledger],
      actorOptions: claim,
      onResult: () => {
        last = working.workers
      },
      onError: (error, { key }) => {
        expect(error).toBeInstanceOf(ActorDiedError)
        told.push(key)
      },
    })
    for (const key of numbers(30, 200)) await tx.send(key % 10 === 0 ? { key, always: 'exit' } : { key })
    await tx.close()
    expect(await working.done).toMatchObject({ processed: 27, failed: 3, retried: 0, deaths: 3 })
    expect(told.sort()).toEqual([200, 210, 220])
    // On Ray the news of the last death may come when there is nothing left to do.
    if (engine.name === 'embedded') expect(last.reduce((sum, { restarts }) => sum + restarts, 0)).toBe(3)
    await rx.close()
  })

  it('try an item again whose worker died, where that is asked for', async () => {
    const [tx, rx] = await klaw.channel<PoolWork>()
    const results: number[] = []
    const working = klaw.pool(rx, PoolWorker, {
      size: 2,
      args: [ledger],
      actorOptions: claim,
      concurrency: 3,
      retries: Number.POSITIVE_INFINITY,
      onResult: (result) => results.push(result / 2),
    })
    for (const key of numbers(30, 300)) await tx.send(key % 10 === 0 ? { key, first: 'exit' } : { key })
    await tx.close()
    const stats = await working.done
    expect(stats).toMatchObject({ processed: 30, failed: 0 })
    expect(stats.deaths).toBeGreaterThanOrEqual(1)
    expect(results.sort((a, b) => a - b)).toEqual(numbers(30, 300))
    await rx.close()
  })

  it('over an acknowledged channel a death is a new delivery', async () => {
    const [tx, rx] = await klaw.channel<PoolWork>({ ack: 'manual' })
    const results: number[] = []
    const working = klaw.pool(rx, PoolWorker, {
      size: 2,
      args: [ledger],
      actorOptions: claim,
      onResult: (result) => results.push(result / 2),
    })
    for (const key of numbers(20, 400)) {
      await tx.send(key === 405 ? { key, first: 'exit' } : key === 410 ? { key, first: 'throw' } : { key })
    }
    await tx.close()
    expect(await working.done).toMatchObject({ processed: 20, failed: 0, retried: 2, deaths: 1 })
    expect(results.sort((a, b) => a - b)).toEqual(numbers(20, 400))
    await untilStats(rx, { unacknowledged: 0, redelivered: 2 })
    await rx.close()
  })

  it('an actor that died while it had nothing to do costs no item', {
    onlyEmbedded: 'on Ray nothing says when callers know of a death: what it held is free before that',
  }, async () => {
    const [tx, rx] = await klaw.channel<Receiver<string>>()
    const [leave, left] = await klaw.channel<string>()
    const working = klaw.pool(rx, PoolWorker, {
      size: 1,
      args: [ledger],
      method: 'exitLater',
      actorOptions: claim,
    })
    for (let round = 1; round <= 3; round++) {
      await tx.send(left)
      await until(() => working.stats().processed === round)
      await until(async () => (await engine.free(klaw, 'pools')) === 3)
      await leave.send('go')
      // What it held is free: so the news of its death is here, though nobody has looked.
      await until(async () => (await engine.free(klaw, 'pools')) === 4)
    }
    await tx.close()
    expect(await working.done).toMatchObject({ processed: 3, failed: 0, deaths: 2 })
    await Promise.all([rx, leave, left].map((end) => end.close()))
  })

  it('fail when there will never be resources for their workers', {
    onlyEmbedded: 'Ray waits for them: a node that has them may join the cluster',
  }, async () => {
    const [, rx] = channel<number>()
    const nowhere = klaw.pool(rx, NeverStarts, { size: 2, actorOptions: { numCpus: 100 } })
    expect(await rejection(nowhere.done)).toBeInstanceOf(ActorUnschedulableError)
    rx.close()
  })

  it('fail when their workers can not be started', async () => {
    const [tx, rx] = await klaw.channel<number>()
    await tx.send(1)
    const never = klaw.pool(rx, NeverStarts, { size: 2, actorOptions: { numCpus: 0 } })
    const error = (await rejection(never.done)) as ActorDiedError
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.cause).toMatchObject({ message: 'not today' })
    expect(await rx.recv()).toBe(1)
    await rx.close()
  })

  it('fail when their workers can not be started any more; what had been taken is unfinished', async () => {
    const [tx, rx] = await klaw.channel<number>()
    const folder = await mkdtemp(join(tmpdir(), 'klaw-starts-'))
    const starts = join(folder, 'starts')
    const once = klaw.pool(rx, StartsOnce, { size: 1, args: [starts], actorOptions: claim, retries: 1 })
    const done = rejection(once.done)
    await tx.send(-1)
    const error = (await done) as ActorDiedError
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.cause).toMatchObject({ message: 'once is enough' })
    expect(once.unfinished).toEqual([-1])
    expect((await stat(starts)).size).toBe(4)
    await rm(folder, { recursive: true })
    await rx.close()
  })

  it('kill ends the actors in the middle of their work', async () => {
    const [tx, rx] = channel<{ gate: GateHandle; name: string }>()
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const killed = klaw.pool(rx, GateUser, { size: 2, actorOptions: claim })
    for (const name of ['a', 'b', 'c']) tx.trySend({ gate, name })
    await gate.arrivals.remote(2)
    await killed.kill()
    expect(killed.unfinished.map(({ name }) => name).sort()).toEqual(['a', 'b'])
    expect(await killed.done).toMatchObject({ processed: 0, failed: 0 })
    await until(async () => (await engine.free(klaw, 'pools')) === 4)
    expect((await rx.recv()).name).toBe('c')
    rx.close()
  })

  it('give their resources back when they end', async () => {
    const [tx, rx] = channel<number>()
    const doubling = klaw.pool(rx, PoolWorker, {
      size: 9,
      method: 'double',
      args: [ledger],
      actorOptions: engine.claim(2, 'pools'),
    })
    await until(() => states(doubling).filter((state) => state === 'idle').length === 2)
    await tx.sendBatch(numbers(20))
    tx.close()
    expect(await doubling.done).toMatchObject({ processed: 20 })
    await until(async () => (await engine.free(klaw, 'pools')) === 4)
    rx.close()
  })

  it('end with their runtime', async () => {
    const own = await engine.connect()
    const [, remote] = await own.channel<number>()
    const [tx, local] = channel<number>()
    using gate = own.actor(Gate, { numCpus: 0 }).remote()
    const args: [LedgerHandle] = [own.actor(Ledger, { numCpus: 0 }).remote()]
    const idle = own.pool(remote, PoolWorker, { size: 1, method: 'double', args, actorOptions: { numCpus: 0 } })
    const busy = own.pool(local, () => gate.pass.remote('it'), { size: 1 })
    await tx.send(1)
    await gate.arrivals.remote(1)
    // That nobody waits for this one is no unhandled rejection.
    own.pool(remote, () => {}, { size: 1 })
    const pending = [idle.done, busy.done].map(rejection)
    await own.shutdown()
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(RuntimeClosedError)
    expect(busy.unfinished).toEqual([1])
    await idle.close()
    expect(local.stats().receivers).toBe(1)
    local.close()
  })

  it('wrong options are refused', async () => {
    const [, rx] = channel<number>()
    const make =
      (options: object, work: unknown = PoolWorker) =>
      () =>
        klaw.pool(rx, work as typeof NeverStarts, { size: 1, ...options })
    expect(make({ method: 'count' })).toThrow(
      "'method' must be one that answers with one value, and PoolWorker.count is a generator",
    )
    expect(make({ method: 'run' })).toThrow(
      "'method' must be one of PoolWorker, which has process, double, exitLater, got 'run'",
    )
    expect(make({ actorOptions: { name: 'one' } })).toThrow("'actorOptions.name' is not for a pool")
    expect(make({ actorOptions: { cpus: 1 } })).toThrow("unknown key 'cpus'")
    expect(make({ concurrency: 0 })).toThrow("'concurrency' must be a positive integer, got 0")
    expect(make({ args: 5 })).toThrow("'args' must be an array, got 5")
    expect(make({}, {})).toThrow(
      'the second argument of pool() must be a function, or what actor(import.meta, class …)',
    )
    expect(rx.stats().receivers).toBe(1)
    rx.close()
  })
})
