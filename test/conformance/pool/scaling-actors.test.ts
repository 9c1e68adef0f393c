import { channel, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { Ledger, type LedgerHandle, PoolWorker } from '../../fixtures/actors/pool-workers.ts'
import { until } from '../../support/until.ts'
import { numbers } from '../channels/support.ts'
import { conformance } from '../engine.ts'
import { states } from './support.ts'

conformance('pools of actors that come and go', { onlyTypeScript: 'its actors are in TypeScript' }, (engine, it) => {
  let klaw: Runtime
  let ledger: LedgerHandle
  /** An actor on Ray is a process, which takes its time to start. */
  const [items, sizes] = engine.name === 'ray' ? [2_000, 3] : [10_000, 7]
  beforeAll(async () => {
    klaw = await engine.connect({ numCpus: 4 })
    ledger = klaw.actor(Ledger, { numCpus: 0 }).remote()
  })
  afterAll(async () => {
    ledger[Symbol.dispose]()
    await klaw.shutdown()
  })

  it('lose and double nothing while thousands of items pass through workers that come and go', async () => {
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
    const all = numbers(items)
    for (const value of all) {
      await tx.send(value)
      if (value % 100 === 0) changing.resize(1 + ((value / 100) % sizes))
    }
    await tx.close()
    expect(await changing.done).toMatchObject({ processed: items, failed: 0, retried: 0, deaths: 0 })
    expect(results.sort((a, b) => a - b)).toEqual(all)
    await rx.close()
  })

  it('lose nothing over an acknowledged channel while workers die and come and go', async () => {
    const [tx, rx] = await klaw.channel<{ key: number; first?: 'exit' }>({ ack: 'manual', capacity: 50 })
    const results = new Set<number>()
    const changing = klaw.pool(rx, PoolWorker, {
      scale: { min: 1, max: 3, busyTime: 5, idleTime: 5 },
      args: [ledger],
      actorOptions: engine.claim(1, 'pools'),
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

  it('show actors that start and that have died', async () => {
    const [tx, rx] = channel<{ key: number; always: 'exit' }>()
    const dying = klaw.pool(rx, PoolWorker, {
      size: 1,
      args: [ledger],
      actorOptions: engine.claim(1, 'pools'),
      onError: () => {},
    })
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
})
