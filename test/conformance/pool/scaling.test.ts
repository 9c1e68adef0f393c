import { channel, pool, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { Ledger, type LedgerHandle, PoolWorker } from '../../fixtures/actors/pool-workers.ts'
import { collect } from '../../support/collect.ts'
import { until } from '../../support/until.ts'
import { numbers } from '../channels/support.ts'
import { conformance } from '../engine.ts'
import { states, Turnstile } from './support.ts'

conformance('pools that scale', (engine, it) => {
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

  it('have more workers while items wait, and fewer when there is nothing to do', async () => {
    const [tx, rx] = await klaw.channel<number>()
    const gate = new Turnstile<number>()
    const scaling = klaw.pool(rx, gate.pass, { scale: { min: 1, max: 5, busyTime: 5, idleTime: 20 } })
    expect(scaling.size).toBe(1)
    await tx.sendBatch(numbers(12))
    await until(() => scaling.size === 5)
    await gate.arrived(5)
    gate.open()
    await until(() => scaling.stats().processed === 12)
    expect(gate.most).toBe(5)
    await until(() => scaling.size === 1)
    expect(states(scaling)).toEqual(['idle'])
    await tx.send(12)
    await tx.close()
    expect(await scaling.done).toMatchObject({ processed: 13, failed: 0 })
    await rx.close()
  })

  it('may be told how many to have', async () => {
    const [tx, rx] = channel<number>()
    const gate = new Turnstile<number>()
    const scaling = pool(rx, gate.pass, { size: 2, scale: { min: 1, max: 5, idleTime: 1_000_000 } })
    await tx.sendBatch([1, 2])
    await gate.arrived(2)
    scaling.resize(4)
    expect(scaling.size).toBe(4)
    expect(() => scaling.resize(6)).toThrow("'size' must be from 1 to 5, got 6")
    gate.open()
    tx.close()
    await scaling.done
    rx.close()
  })

  it('lose and double nothing while 10,000 items pass through workers that come and go', async () => {
    const [tx, rx] = await klaw.channel<number>({ capacity: 100 })
    const results: number[] = []
    const changing = klaw.pool(rx, PoolWorker, {
      size: 1,
      method: 'double',
      args: [ledger],
      actorOptions: { numCpus: 0 },
      concurrency: 4,
      onResult: (result) => results.push(result / 2),
    })
    const all = numbers(10_000)
    for (const value of all) {
      await tx.send(value)
      if (value % 100 === 0) changing.resize(1 + ((value / 100) % 7))
    }
    await tx.close()
    expect(await changing.done).toMatchObject({ processed: 10_000, failed: 0, retried: 0, deaths: 0 })
    expect(results.sort((a, b) => a - b)).toEqual(all)
    await rx.close()
  })

  it('lose nothing over an acknowledged channel while workers die and come and go', async () => {
    const [tx, rx] = await klaw.channel<{ key: number; first?: 'exit' }>({ ack: 'manual', capacity: 50 })
    const results = new Set<number>()
    const changing = klaw.pool(rx, PoolWorker, {
      scale: { min: 1, max: 3, busyTime: 5, idleTime: 5 },
      args: [ledger],
      concurrency: 2,
      onResult: (result) => results.add(result / 2),
    })
    for (const key of numbers(120)) {
      await tx.send(key % 40 === 20 ? { key, first: 'exit' } : { key })
      if (key % 20 === 0) changing.resize(1 + ((key / 20) % 3))
    }
    await tx.close()
    expect(await changing.done).toMatchObject({ failed: 0 })
    expect([...results].sort((a, b) => a - b)).toEqual(numbers(120))
    await rx.close()
  })

  it('tell what each worker does', async () => {
    const [tx, rx] = channel<number>()
    const gate = new Turnstile<number>()
    const watched = pool(rx, gate.pass, { size: 2 })
    expect(states(watched)).toEqual(['idle', 'idle'])
    await tx.send(1)
    await gate.arrived(1)
    const busy = watched.workers.find(({ state }) => state === 'busy')
    expect(busy).toMatchObject({ running: 1, processed: 0, failed: 0, restarts: 0 })
    await until(() => (watched.workers.find(({ state }) => state === 'busy')?.busyFor ?? 0) > 0)
    gate.open()
    await until(() => watched.stats().processed === 1)
    expect(watched.stats().rate).toBeGreaterThan(0)
    expect(watched.workers.map(({ processed }) => processed).sort()).toEqual([0, 1])
    tx.close()
    await watched.done
    rx.close()
  })

  it('show actors that start and that have died', async () => {
    const [tx, rx] = channel<{ key: number; always: 'exit' }>()
    const dying = klaw.pool(rx, PoolWorker, { size: 1, args: [ledger], onError: () => {} })
    expect(states(dying)).toEqual(['starting'])
    await until(() => states(dying)[0] === 'idle')
    await tx.send({ key: -1, always: 'exit' })
    await until(() => dying.workers[0]?.restarts === 1)
    await until(() => states(dying)[0] === 'idle')
    expect(dying.stats()).toMatchObject({ size: 1, deaths: 1, failed: 1 })
    tx.close()
    await dying.done
    rx.close()
  })

  it('report progress until all is over', async () => {
    const [tx, rx] = channel<number>()
    const gate = new Turnstile<number>()
    const watched = pool(rx, gate.pass, { size: 2 })
    const reports = collect(watched.progress({ interval: 1 }))
    for await (const first of watched.progress()) {
      expect(first).toMatchObject({ processed: 0, workers: [{ state: 'idle' }, { state: 'idle' }] })
      break
    }
    await tx.sendBatch([1, 2, 3])
    await gate.arrived(2)
    gate.open()
    tx.close()
    await watched.done
    const all = await reports
    expect(all.at(-1)).toMatchObject({
      processed: 3,
      running: 0,
      workers: [{ state: 'stopped' }, { state: 'stopped' }],
    })
    expect(await collect(watched.progress())).toEqual(
      [all.at(-1)].map((last) => ({ ...last, rate: expect.any(Number), workers: expect.any(Array) })),
    )
    expect(() => watched.progress({ interval: -1 })).toThrow("'interval' must be a non-negative number")
    rx.close()
  })
})
