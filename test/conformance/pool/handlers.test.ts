import {
  ChannelClosed,
  ChannelTimeout,
  channel,
  type Pool,
  pool,
  type Receiver,
  type Runtime,
  type Sender,
} from '@klaw/core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { isPending, numbers, take, untilStats } from '../channels/support.ts'
import { conformance } from '../engine.ts'
import { states, Turnstile } from './support.ts'

type Open = <T>(options?: { capacity?: number }) => Promise<[Sender<T>, Receiver<T>]>

conformance('pools of a function', { anyLanguage: 'it has no actors' }, (engine, it) => {
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  const sources: Record<string, Open> = {
    'in process': async <T>(options?: { capacity?: number }) => channel<T>(options),
    'of the engine': <T>(options?: { capacity?: number }) => klaw.channel<T>(options),
  }

  describe.each(Object.entries(sources))('over a channel %s', (_, open) => {
    it('deal with every item once, and end with the channel', async () => {
      const [tx, rx] = await open<number>({ capacity: 10 })
      const results = new Map<number, number>()
      const doubling = pool(rx, async (value) => value * 2, {
        size: 3,
        onResult: (result, item) => void results.set(item, result),
      })
      for (const value of numbers(200)) await tx.send(value)
      await tx.close()
      const stats = await doubling.done
      expect(stats).toMatchObject({ size: 0, running: 0, processed: 200, failed: 0, retried: 0, deaths: 0 })
      expect(results).toEqual(new Map(numbers(200).map((value) => [value, value * 2])))
      expect(states(doubling)).toEqual(['stopped', 'stopped', 'stopped'])
      expect(doubling.workers.reduce((sum, { processed }) => sum + processed, 0)).toBe(200)
      expect(doubling.unfinished).toEqual([])
      await rx.close()
    })

    it('take no item before a worker is free', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const two = pool(rx, gate.pass, { size: 2 })
      await tx.sendBatch([1, 2, 3, 4])
      await gate.arrived(2)
      expect(two.stats().running).toBe(2)
      // What an engine has fetched in advance may be overtaken by what comes behind it.
      const other = await rx.recv()
      gate.let(1)
      await gate.arrived(3)
      expect([...gate.seen, other].sort()).toEqual([1, 2, 3, 4])
      gate.open()
      await tx.close()
      await two.done
      expect(gate.most).toBe(2)
      await rx.close()
    })

    it('close: what was taken is finished, the rest stays', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const one = pool(rx, gate.pass, { size: 1 })
      await tx.sendBatch([1, 2, 3])
      await gate.arrived(1)
      const closing = one.close()
      expect(await isPending(closing)).toBe(true)
      expect(await rejection(one.close({ timeout: 0 }))).toBeInstanceOf(ChannelTimeout)
      expect(await rejection(one.close({ timeout: 5 }))).toBeInstanceOf(ChannelTimeout)
      const reason = new Error('enough')
      expect(await rejection(one.close({ signal: AbortSignal.abort(reason) }))).toBe(reason)
      gate.open()
      await closing
      await one.close()
      expect(await one.done).toMatchObject({ processed: 1 })
      expect(await take(rx, 2)).toEqual([2, 3])
      await rx.close()
    })

    it('close while idle takes nothing any more', async () => {
      const [tx, rx] = await open<number>()
      const idle = pool(rx, () => {}, { size: 2 })
      await until(() => states(idle).every((state) => state === 'idle'))
      await untilStats(rx, { waitingReceivers: 1 })
      await idle.close()
      await tx.send(1)
      expect(await rx.recv()).toBe(1)
      await untilStats(rx, { receivers: 1 })
      await rx.close()
    })

    it('fail with the first error that nobody is there for, once what runs has finished', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const fault = new RangeError('three')
      const failing = pool(
        rx,
        async (value, context) => {
          await gate.pass(value, context)
          if (value === 2) throw fault
        },
        { size: 2 },
      )
      const done = rejection(failing.done)
      await tx.sendBatch([1, 2, 3])
      await gate.arrived(2)
      gate.let(2)
      await until(() => failing.stats().failed === 1)
      expect(await isPending(done)).toBe(true)
      gate.open()
      expect(await done).toBe(fault)
      expect(failing.stats()).toMatchObject({ processed: 1, failed: 1 })
      expect(failing.unfinished).toEqual([2])
      expect(await rx.recv()).toBe(3)
      await failing.close()
      await rx.close()
    })

    it('go on when somebody is told of errors', async () => {
      const [tx, rx] = await open<number>()
      const told: unknown[] = []
      const going = pool(
        rx,
        (value) => {
          if (value % 2 === 1) throw new RangeError(`odd ${value}`)
        },
        { size: 2, onError: async (error, item) => void told.push([(error as Error).message, item]) },
      )
      await tx.sendBatch(numbers(6))
      await tx.close()
      expect(await going.done).toMatchObject({ processed: 3, failed: 3 })
      expect(told).toEqual([1, 3, 5].map((value) => [`odd ${value}`, value]))
      await rx.close()
    })

    it('fail with what a listener throws', async () => {
      const [tx, rx] = await open<number>()
      const fault = new Error('not that one')
      const handler = (value: number) => {
        if (value === 0) throw new RangeError('zero')
        return value
      }
      const refuse = async () => {
        throw fault
      }
      const onError = pool(rx, handler, { size: 1, onError: refuse })
      const first = rejection(onError.done)
      await tx.send(0)
      expect(await first).toBe(fault)
      const onResult = pool(rx, handler, { size: 1, onResult: refuse })
      const second = rejection(onResult.done)
      await tx.send(1)
      expect(await second).toBe(fault)
      expect(onResult.unfinished).toEqual([1])
      await rx.close()
    })

    it('wait for what a listener does with a result', async () => {
      const [tx, rx] = await open<number>()
      const [sendResult, results] = await open<number>({ capacity: 1 })
      const passing = pool(rx, (value) => value, { size: 1, onResult: (value) => sendResult.send(value) })
      await tx.sendBatch(numbers(5))
      await tx.close()
      await until(() => passing.stats().processed === 2)
      expect(await isPending(passing.done)).toBe(true)
      expect(await take(results, 5)).toEqual(numbers(5))
      await passing.done
      await Promise.all([rx.close(), results.close(), sendResult.close()])
    })

    it('try again what failed, where that is asked for', async () => {
      const [tx, rx] = await open<string>()
      const attempts: [string, number][] = []
      const told: string[] = []
      const trying = pool(
        rx,
        (word, { attempt }) => {
          attempts.push([word, attempt])
          if (word === 'never' || attempt < 3) throw new Error(word)
        },
        { size: 1, retries: 2, retryErrors: true, onError: (_, word) => told.push(word) },
      )
      await tx.sendBatch(['third', 'never'])
      await tx.close()
      expect(await trying.done).toMatchObject({ processed: 1, failed: 1, retried: 4 })
      expect(told).toEqual(['never'])
      expect(attempts.filter(([word]) => word === 'third').map(([, attempt]) => attempt)).toEqual([1, 2, 3])
      await rx.close()
    })

    it('kill: signals abort, what was taken is unfinished', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const killed = pool(rx, gate.pass, { size: 2 })
      await tx.sendBatch([1, 2, 3])
      await gate.arrived(2)
      await Promise.all([killed.kill(), killed.kill()])
      await killed.kill()
      expect(await killed.done).toMatchObject({ processed: 0, failed: 0 })
      expect([...killed.unfinished].sort()).toEqual([1, 2])
      expect(gate.contexts.every(({ signal }) => signal.aborted)).toBe(true)
      gate.open()
      expect(await rx.recv()).toBe(3)
      await rx.close()
    })

    it('a signal ends them with its reason', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const controller = new AbortController()
      const aborted = pool(rx, gate.pass, { size: 1, signal: controller.signal })
      await tx.send(1)
      await gate.arrived(1)
      const reason = new Error('enough')
      controller.abort(reason)
      expect(await rejection(aborted.done)).toBe(reason)
      expect(gate.contexts[0]?.signal.reason).toBe(reason)
      expect(aborted.unfinished).toEqual([1])
      const never = pool(rx, gate.pass, { size: 1, signal: controller.signal })
      expect(await rejection(never.done)).toBe(reason)
      await tx.send(2)
      expect(await rx.recv()).toBe(2)
      gate.open()
      await rx.close()
    })

    it('can be changed in size, and lose nothing', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const changing = pool(rx, gate.pass, { size: 1 })
      await tx.sendBatch(numbers(6))
      await gate.arrived(1)
      changing.resize(4)
      await gate.arrived(4)
      changing.resize(1)
      expect(changing.size).toBe(1)
      expect(changing.stats().running).toBe(4)
      for (const value of [3, 2, 1]) gate.let(value)
      await until(() => changing.stats().running === 1)
      expect(changing.workers).toHaveLength(1)
      expect(gate.seen).toEqual(numbers(4))
      gate.open()
      await tx.close()
      expect(await changing.done).toMatchObject({ processed: 6 })
      changing.resize(3)
      expect(changing.size).toBe(0)
      await rx.close()
    })

    it('shrink without taking what nobody is left for', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      const shrinking = pool(rx, gate.pass, { size: 2 })
      await tx.send(1)
      await gate.arrived(1)
      await untilStats(rx, { waitingReceivers: 1 })
      shrinking.resize(1)
      await untilStats(rx, { waitingReceivers: 0 })
      await tx.send(2)
      expect(await rx.recv()).toBe(2)
      gate.open()
      await tx.close()
      expect(await shrinking.done).toMatchObject({ processed: 1 })
      await rx.close()
    })

    it('a handler may end its own pool', async () => {
      const [tx, rx] = await open<number>()
      const own: Pool<number> = pool(
        rx,
        async (value) => {
          if (value === 1) void own.close()
        },
        { size: 1 },
      )
      await tx.sendBatch([0, 1, 2])
      expect(await own.done).toMatchObject({ processed: 2 })
      expect(await rx.recv()).toBe(2)
      await rx.close()
    })

    it('are disposed of as they are closed', async () => {
      const [tx, rx] = await open<number>()
      const gate = new Turnstile<number>()
      let done: Promise<unknown>
      {
        await using scoped = pool(rx, gate.pass, { size: 1 })
        done = scoped.done
        await tx.send(1)
        await gate.arrived(1)
        gate.open()
      }
      expect(await done).toMatchObject({ processed: 1 })
      await rx.close()
    })

    it('refuse a receiver that is closed', async () => {
      const [tx, rx] = await open<number>()
      await rx.close()
      expect(() => pool(rx, () => {}, { size: 1 })).toThrow(ChannelClosed)
      await tx.close()
    })

    it('end at once over a channel that has ended', async () => {
      const [tx, rx] = await open<number>()
      await tx.close()
      await until(() => rx.isClosed)
      expect(await pool(rx, () => {}, { size: 2 }).done).toMatchObject({ processed: 0 })
      await rx.close()
    })
  })

  it('handlers do not run on the stack of a sender', async () => {
    const [tx, rx] = channel<number>()
    let sending = false
    let within = false
    const look = () => {
      if (sending) within = true
    }
    const watching = pool(rx, look, { size: 1 })
    await until(() => rx.stats().waitingReceivers === 1)
    sending = true
    tx.trySend(1)
    sending = false
    tx.close()
    expect(await watching.done).toMatchObject({ processed: 1 })
    expect(within).toBe(false)
    rx.close()
  })

  it('an item that can not be read is told, or ends the pool', async () => {
    class Torn {}
    const fault = new RangeError('torn')
    klaw.registerSerializer(Torn, {
      name: 'Torn',
      serialize: () => null,
      deserialize() {
        throw fault
      },
    })
    const [tx, rx] = await klaw.channel<unknown>()
    const told: unknown[] = []
    const results: unknown[] = []
    const reading = klaw.pool(rx, (item) => results.push(item), { size: 1, onUnreadable: (error) => told.push(error) })
    for (const item of [1, new Torn(), 2, new Torn()]) await tx.send(item)
    await until(() => told.length === 2)
    await reading.close()
    expect(await reading.done).toMatchObject({ processed: 2, failed: 2 })
    expect(results).toEqual([1, 2])
    const failing = klaw.pool(rx, () => {}, { size: 1 })
    const done = rejection(failing.done)
    await tx.send(new Torn())
    expect(await done).toEqual(told[0])
    klaw.deregisterSerializer(Torn)
    await tx.close()
    await rx.close()
  })

  it('wrong options are refused', async () => {
    const [, rx] = channel<number>()
    const handler = () => {}
    const make =
      (options: unknown, receiver: unknown = rx, work: unknown = handler) =>
      () =>
        pool(receiver as Receiver<number>, work as () => void, options as { size: number })
    expect(make({})).toThrow("a pool needs a 'size', or a 'scale' from 'min' to 'max' workers")
    expect(make({ size: 0 })).toThrow("'size' must be a positive integer, got 0")
    expect(make({ size: '2' })).toThrow("'size' must be a positive integer, got '2'")
    expect(make({ size: 1, workers: 2 })).toThrow("unknown key 'workers' in the options of pool")
    expect(make({ scale: { min: 2, max: 1 } })).toThrow("'scale.max' must be at least 'scale.min', which is 2, got 1")
    expect(make({ size: 5, scale: { min: 1, max: 2 } })).toThrow("'size' must be from 1 to 2, got 5")
    expect(make({ scale: { min: 1, max: 2, idleTime: -1 } })).toThrow("'scale.idleTime' must be a non-negative number")
    expect(make({ size: 1, retries: -1 })).toThrow("'retries' must be an integer of at least 0 or Infinity, got -1")
    expect(make({ size: 1, retryErrors: 1 })).toThrow("'retryErrors' must be true or false, got 1")
    expect(make({ size: 1, onResult: 1 })).toThrow("'onResult' must be a function, got 1")
    expect(make({ size: 1, signal: {} })).toThrow("'signal' must be an AbortSignal")
    expect(make({ size: 1, concurrency: 2 })).toThrow("unknown key 'concurrency'")
    expect(make({ size: 1 }, rx, 5)).toThrow("'handler' must be a function, got 5")
    expect(make({ size: 1 }, {})).toThrow("'receiver' must be the Receiver of a channel")
    expect(rx.stats().receivers).toBe(1)
    rx.close()
  })
})
