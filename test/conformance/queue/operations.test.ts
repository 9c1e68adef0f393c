import { getEventListeners } from 'node:events'
import { Empty, Full, type ObjectRef, Queue, RayError, type Runtime, SerializationError } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { conformance } from '../engine.ts'

conformance('queue operations', { anyLanguage: 'it has no actors but Ray’s own' }, (engine, it) => {
  const { Holder } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  it('items come out in the order in which they went in', async () => {
    using queue = klaw.queue<number>()
    expect(queue).toBeInstanceOf(Queue)
    await queue.ready()
    for (const item of [1, 2, 3]) await queue.put(item)
    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual([1, 2, 3])
  })

  it('puts that are not awaited keep their order', { onlyEmbedded: 'Ray runs them in any order' }, async () => {
    using queue = klaw.queue<number>()
    const puts = Array.from({ length: 500 }, (_, item) => queue.put(item))
    const got: number[] = []
    while (got.length < 500) got.push(await queue.get())
    await Promise.all(puts)
    expect(got).toEqual(Array.from({ length: 500 }, (_, item) => item))
  })

  it('size, empty and full', async () => {
    using queue = klaw.queue<number>({ maxsize: 2 })
    const state = async () => [await queue.qsize(), await queue.size(), await queue.empty(), await queue.full()]
    expect(await state()).toEqual([0, 0, true, false])
    await queue.put(1)
    expect(await state()).toEqual([1, 1, false, false])
    await queue.put(2)
    expect(await state()).toEqual([2, 2, false, true])
    await queue.get()
    expect(await state()).toEqual([1, 1, false, false])
  })

  for (const maxsize of [0, -1, -100]) {
    it(`a maxsize of ${maxsize} is without limit`, async () => {
      using queue = klaw.queue<number>({ maxsize })
      await queue.putNowaitBatch(Array.from({ length: 5000 }, (_, item) => item))
      expect(await queue.full()).toBe(false)
      expect(await queue.qsize()).toBe(5000)
    })
  }

  it('a full queue refuses what does not wait, and an empty one too', async () => {
    using queue = klaw.queue<number>({ maxsize: 1 })
    const empty = await rejection(queue.getNowait())
    expect(empty).toBeInstanceOf(Empty)
    expect(empty).toBeInstanceOf(RayError)
    expect((empty as Empty).code).toBe('QUEUE_EMPTY')
    await queue.putNowait(1)
    const full = await rejection(queue.putNowait(2))
    expect(full).toBeInstanceOf(Full)
    expect((full as Full).code).toBe('QUEUE_FULL')
    expect(await rejection(queue.put(2, { block: false }))).toBeInstanceOf(Full)
    expect(await rejection(queue.put(2, { block: false, timeout: -1 }))).toBeInstanceOf(Full)
    expect(await queue.getNowait()).toBe(1)
    expect(await rejection(queue.get({ block: false, timeout: -1 }))).toBeInstanceOf(Empty)
  })

  it('a timeout of 0 tries now: it succeeds if it can', async () => {
    using queue = klaw.queue<number>({ maxsize: 1 })
    await queue.put(1, { timeout: 0 })
    expect(await rejection(queue.put(2, { timeout: 0 }))).toBeInstanceOf(Full)
    expect(await queue.get({ timeout: 0 })).toBe(1)
    expect(await rejection(queue.get({ timeout: 0 }))).toBeInstanceOf(Empty)
  })

  it('a timeout has no effect later', async () => {
    using queue = klaw.queue<string>({ maxsize: 1 })
    expect(await rejection(queue.get({ timeout: 10 }))).toBeInstanceOf(Empty)
    await queue.put('first')
    expect(await queue.qsize()).toBe(1)
    expect(await rejection(queue.put('never', { timeout: 10 }))).toBeInstanceOf(Full)
    expect(await queue.get()).toBe('first')
    expect(await queue.qsize()).toBe(0)
    expect(await rejection(queue.getNowait())).toBeInstanceOf(Empty)
  })

  it('put waits for room, get for an item, each in order of arrival', {
    onlyEmbedded: 'Ray starts the calls of an async actor in any order, those of one handle included',
  }, async () => {
    using queue = klaw.queue<number>({ maxsize: 1 })
    await queue.put(0)
    const puts = [queue.put(1, { timeout: 60_000 }), queue.put(2), queue.put(3)]
    expect([await queue.get(), await queue.get(), await queue.get(), await queue.get()]).toEqual([0, 1, 2, 3])
    await Promise.all(puts)
    const gets = [queue.get({ timeout: 60_000 }), queue.get(), queue.get()]
    for (const item of [7, 8, 9]) await queue.put(item)
    expect(await Promise.all(gets)).toEqual([7, 8, 9])
  })

  it('who waits is served before who comes later', async () => {
    using queue = klaw.queue<string>({ maxsize: 1 })
    await queue.put('a')
    const waiting = queue.put('b')
    expect(await rejection(queue.putNowait('barging'))).toBeInstanceOf(Full)
    expect(await queue.get()).toBe('a')
    await waiting
    expect(await rejection(queue.putNowait('barging'))).toBeInstanceOf(Full)
    expect(await queue.get()).toBe('b')
  })

  it('the async aliases are the same', async () => {
    using queue = klaw.queue<number>({ maxsize: 1 })
    await queue.putAsync(1)
    expect(await rejection(queue.putAsync(2, { timeout: 0 }))).toBeInstanceOf(Full)
    expect(await queue.getAsync()).toBe(1)
    expect(await rejection(queue.getAsync({ block: false }))).toBeInstanceOf(Empty)
  })

  it('a batch is put as a whole or not at all', async () => {
    using queue = klaw.queue<number>({ maxsize: 3 })
    await queue.putNowaitBatch([1, 2])
    await expect(queue.putNowaitBatch([3, 4])).rejects.toThrow(
      new Full('Cannot add 2 items to queue of size 2 and maxsize 3.'),
    )
    expect(await queue.qsize()).toBe(2)
    await queue.putNowaitBatch(new Set([3]))
    await queue.putNowaitBatch([])
    await expect(queue.putNowaitBatch([4])).rejects.toThrow('Cannot add 1 items to queue of size 3 and maxsize 3.')
    await expect(queue.putNowaitBatch(5 as never)).rejects.toThrow(
      new TypeError("Argument 'items' must be an Iterable"),
    )
    await expect(queue.putNowaitBatch(null as never)).rejects.toThrow(TypeError)
    expect(await queue.getNowaitBatch(3)).toEqual([1, 2, 3])
  })

  it('a batch is got as a whole or not at all', async () => {
    using queue = klaw.queue<number>()
    expect(await queue.getNowaitBatch(0)).toEqual([])
    await queue.put(1)
    await expect(queue.getNowaitBatch(2)).rejects.toThrow(new Empty('Cannot get 2 items from queue of size 1.'))
    expect(await queue.qsize()).toBe(1)
    await queue.put(2)
    await queue.put(3)
    expect(await queue.getNowaitBatch(2)).toEqual([1, 2])
    for (const count of [-1, 1.5, Number.NaN]) {
      await expect(queue.getNowaitBatch(count)).rejects.toThrow(RangeError)
    }
    await expect(queue.getNowaitBatch('1' as never)).rejects.toThrow(TypeError)
    expect(await queue.getNowaitBatch(1)).toEqual([3])
  })

  it('null, undefined, errors and the like are values', async () => {
    using queue = klaw.queue<unknown>()
    // On Ray items are values in Python, which has one word for both.
    const nothing = engine.name === 'ray' ? null : undefined
    const values = [null, nothing, new RangeError('a value'), 'timeout', 'gone', [], [1, [2]], 2n ** 60n, Number.NaN]
    for (const value of values) await queue.put(value)
    for (const value of values) expect(await queue.get()).toEqual(value)
    await queue.putNowaitBatch(values)
    expect(await queue.getNowaitBatch(values.length)).toEqual(values)
  })

  it('a ref is resolved, a ref inside a list stays one', async () => {
    using queue = klaw.queue<unknown>()
    const ref = klaw.put('value')
    await queue.put(ref)
    expect(await queue.get()).toBe('value')
    await queue.put([ref])
    const [kept] = (await queue.get()) as [ObjectRef<string>]
    expect(kept.equals(ref)).toBe(true)
    expect(await kept).toBe('value')
    await queue.putNowaitBatch([ref])
    const [[again]] = [await queue.getNowaitBatch(1)] as [[ObjectRef<string>]]
    expect(again.equals(ref)).toBe(true)
  })

  it('puts behind a ref that has no value yet keep their order', {
    onlyEmbedded: 'Ray runs them in any order',
  }, async () => {
    using queue = klaw.queue<unknown>()
    const other = klaw.actor(Holder, { numCpus: 0 }).remote()
    const pending = other.gate.remote()
    const puts = [queue.put(pending), queue.put('second')]
    await other.gates.remote()
    await other.open.remote('first')
    await Promise.all(puts)
    expect(await queue.getNowaitBatch(2)).toEqual(['first', 'second'])
  })

  it('values of classes with a serializer need it only at the ends', {
    onlyEmbedded: 'on Ray Python reads what it stores',
  }, async () => {
    class Money {
      readonly cents: number
      constructor(cents: number) {
        this.cents = cents
      }
    }
    klaw.registerSerializer(Money, {
      name: 'Money',
      serialize: ({ cents }) => ({ cents, since: new Date(0) }),
      deserialize: ({ cents }) => new Money(cents),
    })
    using queue = klaw.queue<unknown>()
    const money = new Money(5)
    await queue.put({ list: [money, money], map: new Map([['key', new Money(7)]]) })
    const { list, map } = (await queue.get()) as { list: Money[]; map: Map<string, Money> }
    expect(list[0]).toBeInstanceOf(Money)
    expect(list[0]).toBe(list[1])
    expect([list[0]?.cents, map.get('key')?.cents]).toEqual([5, 7])
    await queue.putNowaitBatch([money])
    expect(await queue.getNowaitBatch(1)).toEqual([money])
    klaw.deregisterSerializer(Money)
  })

  it('a value that can not be sent fails its put, with the path', async () => {
    using queue = klaw.queue<unknown>()
    const error = await rejection(queue.put({ deep: [() => 1] }))
    expect(error).toBeInstanceOf(SerializationError)
    expect((error as Error).message).toContain('deep[0]')
    expect(await queue.qsize()).toBe(0)
  })

  it('bad arguments are refused, by name', async () => {
    using queue = klaw.queue<number>()
    const negative = new RangeError("'timeout' must be a non-negative number")
    await expect(queue.put(1, { timeout: -1 })).rejects.toThrow(negative)
    await expect(queue.get({ timeout: -0.5 })).rejects.toThrow(negative)
    await expect(queue.get({ timeout: Number.NaN })).rejects.toThrow(negative)
    await expect(queue.get({ timeout: '1' as never })).rejects.toThrow(TypeError)
    await expect(queue.get({ block: 1 as never })).rejects.toThrow("'block' must be true or false")
    await expect(queue.get({ wait: 1 } as never)).rejects.toThrow("unknown key 'wait'")
    await expect(queue.get({ signal: 1 as never })).rejects.toThrow(TypeError)
    expect(await queue.qsize()).toBe(0)
    expect(() => klaw.queue({ maxsize: 1.5 })).toThrow(RangeError)
    expect(() => klaw.queue({ maxsize: '1' as never })).toThrow(TypeError)
    expect(() => klaw.queue({ size: 1 } as never)).toThrow("unknown key 'size'")
    expect(() => klaw.queue({ actorOptions: { numCpus: -1 } })).toThrow("'numCpus'")
    expect(() => klaw.queue({ actorOptions: { getIfExists: true } })).toThrow("'getIfExists' needs a 'name'")
  })

  it('an aborted get has no effect', { onlyEmbedded: 'on Ray it may swallow the next item' }, async () => {
    using queue = klaw.queue<string>({ maxsize: 1 })
    const reason = new Error('enough')
    await expect(queue.get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const get = queue.get({ signal: controller.signal })
    await queue.qsize()
    controller.abort(reason)
    await expect(get).rejects.toBe(reason)
    await queue.put('item')
    expect(await queue.qsize()).toBe(1)
    expect(await queue.get()).toBe('item')
  })

  it('an aborted put has no effect', async () => {
    using queue = klaw.queue<string>({ maxsize: 1 })
    const reason = new Error('enough')
    await queue.put('item')
    const second = new AbortController()
    const put = queue.put('never', { signal: second.signal })
    await queue.qsize()
    second.abort(reason)
    await expect(put).rejects.toBe(reason)
    await expect(queue.put('never', { signal: second.signal })).rejects.toBe(reason)
    expect(await queue.get()).toBe('item')
    expect(await queue.qsize()).toBe(0)
  })

  it('an abort that comes with the item loses nothing', async () => {
    using queue = klaw.queue<number>()
    let got = 0
    let aborted = 0
    for (let round = 0; round < 200; round++) {
      const controller = new AbortController()
      const get = queue.get({ signal: controller.signal }).then(
        () => got++,
        () => aborted++,
      )
      const put = queue.put(round)
      if (round % 2 === 0) queueMicrotask(() => controller.abort())
      else setImmediate(() => controller.abort())
      await Promise.all([get, put])
    }
    expect(got + aborted).toBe(200)
    // On Ray an item may still be on its way back.
    await until(async () => (await queue.qsize()) === aborted)
  })

  it('many aborted gets leave nothing behind', async () => {
    using queue = klaw.queue<number>()
    const count = engine.name === 'ray' ? 200 : 10_000
    const controllers = Array.from({ length: count }, () => new AbortController())
    const gets = controllers.map(({ signal }) => rejection(queue.get({ signal })))
    await queue.qsize()
    for (const controller of controllers) controller.abort()
    const errors = await Promise.all(gets)
    for (const [index, { signal }] of controllers.entries()) {
      expect(errors[index]).toBe(signal.reason)
      expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    }
    if (engine.name === 'ray') return
    await queue.put(1)
    expect(await queue.qsize()).toBe(1)
  })
})
