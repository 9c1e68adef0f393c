import { PendingCallsLimitExceeded, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('order and concurrency of calls', (engine, it) => {
  const { Counter, Gate, Keeper, Plain, SerialWorker, Worker } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  it('calls of one caller run in the order in which they were made, from the first on', async () => {
    using plain = klaw.actor(Plain).remote()
    for (let index = 0; index < 1_000; index++) plain.append.remote(index)
    expect(await plain.entries.remote()).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
  })

  it('also behind an argument that is not there yet', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    await plain.ready()
    plain.append.remote('first')
    plain.append.remote(gate.pass.remote('through the gate'))
    const last = plain.append.remote('last')
    await gate.arrivals.remote(1)
    expect(await klaw.wait([last], { timeout: 0 })).toEqual([[], [last]])
    gate.open.remote()
    expect(await last).toBe(3)
    expect(await plain.entries.remote()).toEqual(['first', 'through the gate', 'last'])
  })

  it('an argument that fails does not hold up the calls behind it', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    const failing = plain.append.remote(counter.failLater.remote('no argument'))
    const behind = plain.append.remote('behind')
    expect(await rejection(failing)).toMatchObject({ code: 'RAY_TASK' })
    expect(await behind).toBe(1)
  })

  it('with one call at a time, async methods do not interleave', async () => {
    using worker = klaw.actor(SerialWorker, { numCpus: 0, maxConcurrency: 1 }).remote()
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const refs = ['a', 'b', 'c'].map((name) => worker.work.remote(gate, name))
    await gate.arrivals.remote(1)
    gate.open.remote()
    expect(await klaw.get(refs)).toEqual(['a', 'b', 'c'])
    expect(await worker.most.remote()).toBe(1)
    expect(await gate.log.remote()).toEqual(['a waits', 'a passed', 'b waits', 'b passed', 'c waits', 'c passed'])
  })

  it('no more calls run at a time than may', async () => {
    using worker = klaw.actor(Worker, { numCpus: 0, maxConcurrency: 2 }).remote()
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const refs = ['a', 'b', 'c', 'd', 'e'].map((name) => worker.work.remote(gate, name))
    await gate.arrivals.remote(2)
    gate.open.remote()
    expect(await klaw.get(refs)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await worker.most.remote()).toBe(2)
  })

  it('an actor with an async method runs up to 1000 calls at a time unless told otherwise', async () => {
    using worker = klaw.actor(Worker, { numCpus: 0 }).remote()
    using gate = klaw.actor(Gate, { numCpus: 0, maxConcurrency: 3_000 }).remote()
    const refs = Array.from({ length: 1_100 }, (_, index) => worker.work.remote(gate, String(index)))
    await gate.arrivals.remote(1_000)
    const waiting = (await gate.log.remote()).length
    gate.open.remote()
    await klaw.get(refs)
    expect(waiting).toBe(1_000)
    expect(await worker.most.remote()).toBe(1_000)
  })

  it('more calls than may be pending are refused, and only those', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0, maxPendingCalls: 3 }).remote()
    const pending = ['a', 'b', 'c'].map((name) => gate.pass.remote(name))
    const refused = (await rejection(gate.pass.remote('d'))) as PendingCallsLimitExceeded
    expect(refused).toBeInstanceOf(PendingCallsLimitExceeded)
    expect(refused.message).toContain('3')
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    await keeper.keep.remote(gate)
    const [elsewhere] = (await keeper.give.remote()) as [typeof gate]
    // The limit is counted for each thread, not for each handle.
    expect(await rejection(elsewhere.open.remote())).toBeInstanceOf(PendingCallsLimitExceeded)
    await klaw.kill(gate)
    for (const ref of pending) expect(await rejection(ref)).toMatchObject({ code: 'ACTOR_DIED' })
    elsewhere[Symbol.dispose]()
  })

  it('calls from several actors all arrive', async () => {
    using plain = klaw.actor(Counter, { numCpus: 0 }).remote()
    const keepers = Array.from({ length: 3 }, () => klaw.actor(Keeper, { numCpus: 0 }).remote())
    const where = { counters: new Map([['it', plain]]) }
    const refs = keepers.flatMap((keeper) => Array.from({ length: 50 }, () => keeper.addTo.remote(where, 'it', 1)))
    await klaw.get(refs)
    expect(await plain.get.remote()).toBe(150)
    for (const keeper of keepers) keeper[Symbol.dispose]()
  })
})
