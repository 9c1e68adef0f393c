import { channel, pool, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { until } from '../../support/until.ts'
import { numbers } from '../channels/support.ts'
import { conformance } from '../engine.ts'
import { states, Turnstile } from './support.ts'

conformance('pools that scale', { anyLanguage: 'it has no actors' }, (engine, it) => {
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

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
