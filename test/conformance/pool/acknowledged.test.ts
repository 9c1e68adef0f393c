import { channel, type Delivery, pool, type Receiver, type Runtime, type Sender } from '@klaw/core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { numbers, untilStats } from '../channels/support.ts'
import { conformance } from '../engine.ts'
import { Turnstile } from './support.ts'

type Open = <T>(options?: { ackTimeout?: number }) => Promise<[Sender<T>, Receiver<Delivery<T>>]>

conformance('pools over an acknowledged channel', { anyLanguage: 'it has no actors' }, (engine, it) => {
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  const sources: Record<string, Open> = {
    'in process': async <T>(options?: object) => channel<T>({ ...options, ack: 'manual' }),
    'of the engine': <T>(options?: object) => klaw.channel<T>({ ...options, ack: 'manual' }),
  }

  describe.each(Object.entries(sources))('%s', (_, open) => {
    it('workers get the values, and what is done is acknowledged', async () => {
      const [tx, rx] = await open<number>()
      const results: number[] = []
      const doubling = pool(rx, (value) => value * 2, { size: 3, onResult: (result) => results.push(result) })
      await tx.sendBatch(numbers(50))
      await tx.close()
      expect(await doubling.done).toMatchObject({ processed: 50, failed: 0 })
      expect(results.sort((a, b) => a - b)).toEqual(numbers(50).map((value) => value * 2))
      await untilStats(rx, { unacknowledged: 0, length: 0, redelivered: 0 })
      await rx.close()
    })

    it('what failed is delivered again, three times unless told otherwise', async () => {
      const [tx, rx] = await open<string>()
      const attempts: number[] = []
      const told: string[] = []
      const trying = pool(
        rx,
        (word, { attempt }) => {
          if (word === 'never') attempts.push(attempt)
          if (word === 'never' || (word === 'second' && attempt === 1)) throw new Error(word)
        },
        { size: 2, onError: (_, word) => told.push(word) },
      )
      await tx.sendBatch(['second', 'never', 'first'])
      await tx.close()
      expect(await trying.done).toMatchObject({ processed: 2, failed: 1, retried: 4 })
      expect(attempts).toEqual([1, 2, 3, 4])
      expect(told).toEqual(['never'])
      await untilStats(rx, { unacknowledged: 0, length: 0, redelivered: 4 })
      await rx.close()
    })

    it('what nobody is there for stays in the channel', async () => {
      const [tx, rx] = await open<string>()
      const fault = new Error('no')
      const failing = pool(
        rx,
        () => {
          throw fault
        },
        { size: 1, retries: 0 },
      )
      const done = rejection(failing.done)
      await tx.send('keep')
      expect(await done).toBe(fault)
      expect(failing.unfinished).toEqual([])
      const again = await rx.recv()
      expect(again).toMatchObject({ value: 'keep', deliveryCount: 2 })
      again.ack()
      await rx.close()
    })

    it('what was running when the pool was killed goes to others', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const killed = pool(rx, gate.pass, { size: 2 })
      await tx.sendBatch([1, 2])
      await gate.arrived(2)
      await killed.kill()
      gate.open()
      expect(killed.unfinished).toEqual([])
      const other = pool(rx, (value) => value, { size: 1 })
      await tx.close()
      expect(await other.done).toMatchObject({ processed: 2 })
      await rx.close()
    })

    it('what takes too long is delivered again', async () => {
      const [tx, rx] = await open<number>({ ackTimeout: 20 })
      const gate = new Turnstile<number>()
      const slow = pool(rx, gate.pass, { size: 2 })
      await tx.send(1)
      await gate.arrived(2)
      expect(gate.contexts.map(({ attempt }) => attempt)).toEqual([1, 2])
      gate.open()
      await tx.close()
      await until(() => slow.stats().running === 0)
      expect((await slow.done).processed).toBeGreaterThanOrEqual(2)
      await rx.close()
    })
  })
})
