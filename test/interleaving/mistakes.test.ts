import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { localChannel } from '../../src/api/channel.ts'
import type { LocalReceiver } from '../../src/api/receiver.ts'
import type { LocalSender } from '../../src/api/sender.ts'
import { after, ChannelClosed, ChannelTimeout, channel, oneshot, select, sending, watch } from '../../src/channel.ts'
import { FakeClock } from './fake-clock.ts'
import { flush } from './flush.ts'
import { alive, heapUsed } from './garbage.ts'

// One test, or a few, for each of the mistakes that others made.

function withClock(capacity: number): [LocalSender<number>, LocalReceiver<number>, FakeClock] {
  const clock = new FakeClock()
  const ends = localChannel({ capacity, schema: undefined, ack: false, ackTimeout: 1 }, clock)
  return [ends[0] as LocalSender<number>, ends[1] as LocalReceiver<number>, clock]
}

describe('a granted item or permit is not lost on cancel', () => {
  it('an abort after the delivery leaves the item to the recv', async () => {
    const [tx, rx] = channel<number>()
    const controller = new AbortController()
    const pending = rx.recv({ signal: controller.signal })
    tx.trySend(1)
    controller.abort()
    expect(await pending).toBe(1)
  })

  it('an abort before the delivery leaves the item to the next recv', async () => {
    const [tx, rx] = channel<number>()
    const controller = new AbortController()
    const pending = rx.recv({ signal: controller.signal })
    const next = rx.recv()
    controller.abort('no')
    tx.trySend(1)
    await expect(pending).rejects.toBe('no')
    expect(await next).toBe(1)
  })

  it('an abort after the slot was granted leaves the permit to the reserve, and its slot can be given back', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    tx.trySend(1)
    const controller = new AbortController()
    const pending = tx.reserve({ signal: controller.signal })
    rx.tryRecv()
    controller.abort()
    const permit = await pending
    expect(tx.trySend(2).ok).toBe(false)
    permit.release()
    expect(tx.trySend(2).ok).toBe(true)
  })

  it('an abort before the slot was free leaves it to the next in line', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    tx.trySend(1)
    const controller = new AbortController()
    const pending = tx.reserve({ signal: controller.signal })
    const next = tx.send(2)
    controller.abort('no')
    rx.tryRecv()
    await expect(pending).rejects.toBe('no')
    await next
    expect(rx.tryRecv()).toEqual({ ok: true, value: 2 })
  })

  it('a timeout in the same turn as the delivery takes nothing', async () => {
    const [tx, rx, clock] = withClock(1)
    const late = rx.recv({ timeout: 10 })
    clock.advance(10)
    tx.trySend(1)
    await expect(late).rejects.toBeInstanceOf(ChannelTimeout)
    const early = rx.recv({ timeout: 10 })
    clock.advance(10)
    expect(await early).toBe(1)
  })

  it('a select that wins is not told of the end that its other cases bring about', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    const permit = await tx.reserve()
    const selected = select([rx, sending(tx, 2), rx], { biased: true })
    tx.close()
    // The waiting send kept the channel open. It leaves as the value arrives, so the channel ends in the middle of the delivery.
    permit.send(3)
    expect(await selected).toEqual({ case: 0, value: { ok: true, value: 3 } })
  })

  it('a step of an iteration that nobody waits for any more takes nothing', async () => {
    const [tx, rx] = channel<number>()
    const iterator = rx[Symbol.asyncIterator]()
    const step = iterator.next()
    await iterator.return?.()
    tx.trySend(1)
    expect(await step).toEqual({ done: true, value: undefined })
    expect(rx.tryRecv()).toEqual({ ok: true, value: 1 })
  })

  it('a cancelled stream takes nothing', async () => {
    const [tx, rx] = channel<number>()
    const reader = rx.clone().readable().getReader()
    const read = reader.read()
    await flush()
    await reader.cancel()
    tx.trySend(1)
    expect(await read).toEqual({ done: true, value: undefined })
    expect(rx.tryRecv()).toEqual({ ok: true, value: 1 })
  })
})

describe('a close wakes whoever is blocked', () => {
  it('receivers, when the last sender closes', async () => {
    const [tx, rx] = channel<number>()
    const pending = [rx.recv(), rx.clone().recv(), rx.recvBatch()]
    tx.close()
    for (const each of pending) await expect(each).rejects.toBeInstanceOf(ChannelClosed)
  })

  it('a receiver that is closed itself, while others live', async () => {
    const [tx, rx] = channel<number>()
    const other = rx.clone()
    const [mine, others] = [rx.recv(), other.recv()]
    rx.close()
    await expect(mine).rejects.toThrow('this receiver is closed')
    tx.trySend(1)
    expect(await others).toBe(1)
  })

  it('senders, when the last receiver closes', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    tx.trySend(1)
    const pending = [tx.send(2), tx.sendBatch([3]), tx.reserve()]
    rx.close()
    for (const each of pending) await expect(each).rejects.toBeInstanceOf(ChannelClosed)
    await tx.closed()
  })

  it('all cases of a select', async () => {
    const [tx, rx] = channel<number>()
    const pending = select({ one: rx, two: rx.clone() })
    tx.close()
    expect((await pending).value).toMatchObject({ ok: false, error: { code: 'CHANNEL_CLOSED' } })
  })
})

describe('a value is not overtaken by a close', () => {
  it('of the sender, though the send still waited', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    const sends = [tx.send(1), tx.send(2), tx.send(3)]
    tx.close()
    const received = []
    for await (const value of rx) received.push(value)
    expect(received).toEqual([1, 2, 3])
    await Promise.all(sends)
  })

  it('of the oneshot', async () => {
    const [tx, rx] = oneshot<number>()
    const sent = tx.send(1)
    tx.close()
    await sent
    expect(await rx.recv()).toBe(1)
  })

  it('of the watch', async () => {
    const [tx, rx] = watch(0)
    const sent = tx.send(1)
    tx.close()
    await sent
    await rx.changed()
    expect(rx.borrow()).toBe(1)
  })

  it('that ends a select with several sends', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    tx.trySend(0)
    const selected = select([sending(tx, 1), sending(tx, 2), sending(tx, 3)])
    tx.close()
    const received = []
    for await (const value of rx) received.push(value)
    // Chance decides which of them stands first in line.
    const won = await selected
    expect(won.value).toEqual({ ok: true, value: undefined })
    expect(received).toEqual([0, won.case + 1])
  })
})

describe('nothing is reordered at a refill', () => {
  it.each([1, 2, 7, 8, 9])('with %i slots and senders that wait', async (capacity) => {
    const [tx, rx] = channel<number>({ capacity })
    const sends = Array.from({ length: 50 }, (_, value) => tx.send(value))
    const received = []
    for (let count = 0; count < 50; count++) {
      received.push(await rx.recv())
      // Room that has just been made belongs to those who wait.
      expect(tx.trySend(-1).ok).toBe(count >= 50 - capacity)
      if (count >= 50 - capacity) break
    }
    expect(received).toEqual(Array.from({ length: received.length }, (_, index) => index))
    await Promise.all(sends)
  })
})

describe('nobody barges', () => {
  it('a freed slot belongs to the send that it woke', async () => {
    const [tx, rx] = channel<string>({ capacity: 1 })
    tx.trySend('first')
    const waiting = tx.send('waited')
    rx.tryRecv()
    expect(tx.trySend('barged').ok).toBe(false)
    await waiting
    expect(rx.tryRecv()).toEqual({ ok: true, value: 'waited' })
  })

  it('a small send does not overtake a large batch', async () => {
    const [tx, rx] = channel<number>({ capacity: 3 })
    await tx.sendBatch([1, 2, 3])
    const batch = tx.sendBatch([4, 5, 6])
    const single = tx.send(7)
    rx.tryRecv()
    expect(tx.trySend(8).ok).toBe(false)
    const received = []
    for (let count = 0; count < 6; count++) received.push(await rx.recv())
    expect(received).toEqual([2, 3, 4, 5, 6, 7])
    await Promise.all([batch, single])
  })

  it('a value belongs to the recv that it woke', async () => {
    const [tx, rx] = channel<number>()
    const waiting = rx.recv()
    tx.trySend(1)
    expect(rx.tryRecv().ok).toBe(false)
    expect(await waiting).toBe(1)
  })
})

describe('waiter lists do not grow', () => {
  it('by 10,000 receives that were aborted, behind a live head; the heap stays flat', async () => {
    const [tx, rx] = channel<number>()
    const head = rx.recv()
    const abortAll = async (count: number) => {
      for (let index = 0; index < count; index++) {
        const controller = new AbortController()
        const pending = rx.recv({ signal: controller.signal })
        controller.abort()
        await pending.catch(() => {})
      }
    }
    await abortAll(1_000)
    const before = await heapUsed()
    await abortAll(10_000)
    expect(tx.stats().waitingReceivers).toBe(1)
    // A waiter with its promise takes several hundred bytes; what is below 100 for each is noise.
    expect((await heapUsed()) - before).toBeLessThan(100 * 10_000)
    tx.trySend(1)
    expect(await head).toBe(1)
    expect(tx.stats().waitingReceivers).toBe(0)
  })

  it('by 10,000 sends that timed out, behind a live head', async () => {
    const [tx, rx, clock] = withClock(1)
    tx.trySend(0)
    const head = tx.send(1)
    const pending = Array.from({ length: 10_000 }, (_, value) => tx.send(value, { timeout: 5 }))
    expect(tx.stats().waitingSenders).toBe(10_001)
    clock.advance(5)
    expect(tx.stats().waitingSenders).toBe(1)
    expect(clock.pending).toBe(0)
    const outcomes = await Promise.allSettled(pending)
    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
    rx.tryRecv()
    await head
  })

  it('by polling', async () => {
    const [tx, rx] = channel<number>({ capacity: 1 })
    tx.trySend(0)
    for (let count = 0; count < 1_000; count++) {
      tx.trySend(1)
      await select({ send: sending(tx, 2) }, { default: true })
      await tx.send(3, { timeout: 0 }).catch(() => {})
    }
    rx.tryRecv()
    for (let count = 0; count < 1_000; count++) {
      rx.tryRecv()
      await select({ rx }, { default: true })
      await rx.recv({ timeout: 0 }).catch(() => {})
    }
    expect(tx.stats()).toMatchObject({ waitingSenders: 0, waitingReceivers: 0 })
  })

  it('by a select that is won elsewhere again and again', async () => {
    const [tx, busy] = channel<number>()
    const [quietTx, quiet] = channel<number>()
    for (let count = 0; count < 1_000; count++) {
      const selected = select({ quiet, busy })
      tx.trySend(count)
      expect(await selected).toMatchObject({ case: 'busy' })
    }
    expect(quietTx.stats().waitingReceivers).toBe(0)
  })
})

describe('what has settled is not retained', () => {
  /** Lets go of each value when `use` is done with it. */
  async function pass(count: number, use: (value: object) => Promise<void>): Promise<WeakRef<object>[]> {
    const references: WeakRef<object>[] = []
    for (let number = 0; number < count; number++) {
      const value = { number }
      references.push(new WeakRef(value))
      await use(value)
    }
    return references
  }

  it('by what stays pending beside it: a channel, a signal, a timer', async () => {
    const [, quiet] = channel<object>()
    const stop = new AbortController()
    const [tx, rx] = channel<object>()
    const references = await pass(100, async (value) => {
      const selected = select({ quiet, rx, stop: stop.signal, tick: after(60_000) }, { signal: stop.signal })
      tx.trySend(value)
      await selected
    })
    expect(await alive(references)).toBe(0)
  })

  it('by a signal that was given to many receives', async () => {
    const [tx, rx] = channel<object>()
    const stop = new AbortController()
    const references = await pass(100, async (value) => {
      const pending = rx.recv({ signal: stop.signal, timeout: 60_000 })
      tx.trySend(value)
      await pending
    })
    expect(await alive(references)).toBe(0)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('by an iteration that waits for more', async () => {
    const [tx, rx] = channel<object>()
    const iteration = (async () => {
      let count = 0
      for await (const _value of rx) count++
      return count
    })()
    const references = await pass(100, async (value) => {
      tx.trySend(value)
      await flush()
    })
    // The loop itself may still hold the last one.
    expect(await alive(references)).toBeLessThanOrEqual(1)
    tx.close()
    expect(await iteration).toBe(100)
  })

  it('by the buffer that it went through', async () => {
    const [tx, rx] = channel<object>()
    const references: WeakRef<object>[] = []
    for (let count = 0; count < 200; count++) {
      const value = { count }
      references.push(new WeakRef(value))
      tx.trySend(value)
    }
    for (let count = 0; count < 190; count++) rx.tryRecv()
    expect(await alive(references)).toBe(10)
    expect(rx.length).toBe(10)
  })
})

describe('no timer and no listener is left behind', () => {
  it('whichever way an operation settles', async () => {
    const [tx, rx, clock] = withClock(1)
    const controller = new AbortController()
    const options = { signal: controller.signal, timeout: 50 }
    const delivered = rx.recv(options)
    tx.trySend(1)
    await delivered
    tx.trySend(2)
    const sent = tx.send(3, options)
    rx.tryRecv()
    await sent
    const timedOut = [tx.send(4, options), tx.reserve(options), tx.sendBatch([5], options), tx.closed(options)]
    expect(clock.pending).toBe(4)
    clock.advance(50)
    for (const each of timedOut) await expect(each).rejects.toBeInstanceOf(ChannelTimeout)
    const aborted = [tx.send(6, options), tx.closed(options)]
    controller.abort('no')
    for (const each of aborted) await expect(each).rejects.toBe('no')
    const other = new AbortController()
    const closed = tx.send(7, { signal: other.signal, timeout: 50 })
    rx.close()
    await expect(closed).rejects.toBeInstanceOf(ChannelClosed)
    expect(clock.pending).toBe(0)
    for (const { signal } of [controller, other]) expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('by a select', async () => {
    const [tx, rx] = channel<number>()
    const controller = new AbortController()
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length
    const before = timers()
    const selected = select({ rx, stop: controller.signal, late: after(60_000) }, { signal: controller.signal })
    expect(timers()).toBe(before + 1)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(2)
    tx.trySend(1)
    await selected
    expect(timers()).toBe(before)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('by deliveries that were never acknowledged', async () => {
    const clock = new FakeClock()
    const [tx, rx] = localChannel({ capacity: 5, schema: undefined, ack: true, ackTimeout: 100 }, clock)
    ;(tx as LocalSender<number>).trySend(1)
    await rx.recv()
    expect(clock.pending).toBe(0)
    const pending = rx.recv({ timeout: 10 })
    // One for the timeout, one for the redelivery that the recv may get.
    expect(clock.pending).toBe(2)
    clock.advance(10)
    await expect(pending).rejects.toBeInstanceOf(ChannelTimeout)
    expect(clock.pending).toBe(0)
  })
})

describe('an operation that nobody awaits any more is no unhandled rejection', () => {
  it('when it is refused while it waits', async () => {
    const unhandled: unknown[] = []
    const onUnhandled = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', onUnhandled)
    try {
      for (const how of ['close', 'abort', 'timeout']) {
        const controller = new AbortController()
        const options = { signal: controller.signal, timeout: 1 }
        const [tx, rx] = channel<number>({ capacity: 1 })
        const wait = how === 'close' ? {} : options
        void rx.recv(wait)
        void rx.recvBatch(wait)
        void select({ rx }, how === 'abort' ? { signal: controller.signal } : {})
        void tx.closed(wait)
        const [full, emptied] = channel<number>({ capacity: 1 })
        full.trySend(1)
        void full.send(2, wait)
        void full.sendBatch([3], wait)
        void full.reserve(wait)
        if (how === 'abort') controller.abort()
        if (how === 'timeout') await new Promise((resolve) => setTimeout(resolve, 20))
        for (const end of [tx, rx, full, emptied]) end.close()
      }
      await flush()
      await flush()
    } finally {
      process.off('unhandledRejection', onUnhandled)
    }
    expect(unhandled).toEqual([])
  })
})

describe('a double close counts once', () => {
  it('of a sender', async () => {
    const [tx, rx] = channel<number>()
    const other = tx.clone()
    other.close()
    other.close()
    await other[Symbol.asyncDispose]()
    expect([tx.stats().senders, tx.isClosed]).toEqual([1, false])
    tx.trySend(1)
    expect(await rx.recv()).toBe(1)
  })

  it('of a receiver', () => {
    const [tx, rx] = channel<number>()
    const other = rx.clone()
    other.close()
    other.close()
    expect([tx.stats().receivers, tx.isClosed]).toEqual([1, false])
  })

  it('of a permit', async () => {
    const [tx] = channel<number>({ capacity: 2 })
    const permit = await tx.reserve()
    permit.release()
    permit.release()
    permit[Symbol.dispose]()
    expect(tx.trySendBatch([1, 2]).ok).toBe(true)
    expect(tx.trySend(3).ok).toBe(false)
  })
})

describe('no wake is lost between the check and the wait', () => {
  it('whatever happens in the microtasks around it', async () => {
    for (let delay = 0; delay < 8; delay++) {
      const [tx, rx] = channel<number>({ capacity: 1 })
      const pause = async (ticks: number) => {
        for (let tick = 0; tick < ticks; tick++) await null
      }
      const producer = (async () => {
        for (let value = 0; value < 20; value++) {
          await pause((value * delay) % 5)
          await tx.send(value)
        }
        tx.close()
      })()
      const received: number[] = []
      for await (const value of rx) {
        received.push(value)
        await pause((value + delay) % 4)
      }
      await producer
      expect(received).toEqual(Array.from({ length: 20 }, (_, index) => index))
    }
  })
})

describe('the length is right', () => {
  it.each([1, 2, 7, 8, 9, 16, 17, 64, 65])('at the edges of a buffer of %i', (capacity) => {
    const [tx, rx] = channel<number>({ capacity })
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < capacity; count++) {
        expect([tx.length, rx.length]).toEqual([count, count])
        expect(tx.trySend(count).ok).toBe(true)
      }
      expect(tx.length).toBe(capacity)
      expect(tx.trySend(-1).ok).toBe(false)
      expect(tx.length).toBe(capacity)
      for (let count = capacity; count > 0; count--) {
        expect(rx.length).toBe(count)
        expect(rx.tryRecv().ok).toBe(true)
      }
      expect(rx.length).toBe(0)
      expect(rx.tryRecv().ok).toBe(false)
      expect(rx.length).toBe(0)
    }
    expect(tx.stats()).toMatchObject({ highWaterMark: capacity, sent: 3 * capacity, received: 3 * capacity })
  })
})

describe('memory is bounded', () => {
  it('1,000,000 sends with a slow consumer never exceed the capacity', async () => {
    const capacity = 100
    const [tx, rx] = channel<number>({ capacity })
    const total = 1_000_000
    let most = 0
    const producer = (async () => {
      for (let value = 0; value < total; value++) {
        await tx.send(value)
        if (tx.length > most) most = tx.length
      }
      tx.close()
    })()
    let next = 0
    for await (const value of rx) {
      if (value !== next++) throw new Error(`${value} came instead of ${next - 1}`)
      // Slower than the producer, which runs in between.
      if (value % 3 === 0) await null
    }
    await producer
    expect([next, most, tx.stats().highWaterMark]).toEqual([total, capacity, capacity])
  })
})
