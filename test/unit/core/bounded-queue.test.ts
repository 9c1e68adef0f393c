import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedQueue, type PutWaiter, type QueueWaiter } from '../../../src/core/bounded-queue.ts'
import { Waiter } from '../../../src/core/waiters.ts'

class Get extends Waiter implements QueueWaiter<number> {
  got: number | undefined
  succeeded(item: number): void {
    this.got = item
  }
}

class Put extends Waiter implements PutWaiter<number> {
  readonly item: number
  isIn = false
  constructor(item: number) {
    super()
    this.item = item
  }
  succeeded(): void {
    this.isIn = true
  }
}

test('a put goes to who waits, and a get makes room for who waits', () => {
  const queue = new BoundedQueue<number>(1)
  const get = new Get()
  queue.parkGet(get)
  expect(queue.tryPut([1])).toBe(true)
  expect([get.got, queue.size]).toEqual([1, 0])
  queue.tryPut([2])
  const put = new Put(3)
  queue.parkPut(put)
  expect([put.isIn, queue.isFull, queue.waitingPuts]).toEqual([false, true, 1])
  expect(queue.tryGet(1)).toEqual([2])
  expect([put.isIn, queue.size, queue.waitingPuts]).toEqual([true, 1, 0])
})

test('a put that does not wait gets ahead of none that does', () => {
  const queue = new BoundedQueue<number>(2)
  queue.tryPut([1, 2])
  const put = new Put(3)
  queue.parkPut(put)
  queue.tryGet(2)
  expect(put.isIn).toBe(true)
  expect(queue.tryPut([4, 5])).toBe(false)
  expect(queue.tryPut([])).toBe(true)
  expect(queue.tryPut([4])).toBe(true)
  expect(queue.tryGet(3)).toBeUndefined()
  expect(queue.tryGet(2)).toEqual([3, 4])
})

test('who left the line gets nothing, and what it wanted to put never arrives', () => {
  const queue = new BoundedQueue<number>(1)
  const [first, second] = [new Get(), new Get()]
  queue.parkGet(first)
  queue.parkGet(second)
  expect(queue.leave(first)).toBe(true)
  expect(queue.leave(first)).toBe(false)
  queue.tryPut([1])
  expect([first.got, second.got]).toEqual([undefined, 1])
  queue.tryPut([2])
  const put = new Put(3)
  queue.parkPut(put)
  queue.leave(put)
  expect(queue.tryGet(1)).toEqual([2])
  expect([put.isIn, queue.size]).toEqual([false, 0])
})

test('what comes back goes to who waits, and before all others, even when there is no room', () => {
  const queue = new BoundedQueue<number>(1)
  queue.tryPut([3])
  queue.giveBack([1, 2])
  expect([queue.size, queue.isFull]).toEqual([3, true])
  expect(queue.tryGet(3)).toEqual([1, 2, 3])
  const get = new Get()
  queue.parkGet(get)
  queue.giveBack([4, 5])
  expect([get.got, queue.tryGet(1)]).toEqual([4, [5]])
})

test('any sequence of operations: first in first out, never too large, nobody waits without a reason', () => {
  const operation = fc.oneof(
    fc.constantFrom(
      'parkPut' as const,
      'tryPut' as const,
      'parkGet' as const,
      'tryGet' as const,
      'leaveGet' as const,
      'leavePut' as const,
    ),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(operation, { maxLength: 200 }), (maxsize, operations) => {
      const queue = new BoundedQueue<number>(maxsize)
      let next = 0
      // The order in which items were let in, and out.
      const puts: Put[] = []
      const gets: Get[] = []
      const entered: number[] = []
      const taken: number[] = []
      const left = new Set<number>()
      for (const name of operations) {
        if (name === 'tryPut') {
          if (queue.tryPut([next])) entered.push(next++)
        } else if (name === 'parkPut') {
          const put = new Put(next++)
          entered.push(put.item)
          puts.push(put)
          queue.parkPut(put)
        } else if (name === 'tryGet') {
          taken.push(...(queue.tryGet(1) ?? []))
        } else if (name === 'parkGet') {
          const get = new Get()
          gets.push(get)
          queue.parkGet(get)
        } else if (name === 'leaveGet') {
          const get = gets.find((one) => one.got === undefined && one.list !== undefined)
          if (get !== undefined) queue.leave(get)
        } else {
          const put = puts.find((one) => !one.isIn && one.list !== undefined)
          if (put !== undefined && queue.leave(put)) left.add(put.item)
        }
        for (const get of gets.splice(0)) {
          if (get.got !== undefined) taken.push(get.got)
          else if (get.list !== undefined) gets.push(get)
        }
        expect(queue.size).toBeLessThanOrEqual(maxsize)
        expect(queue.waitingPuts === 0 || queue.isFull).toBe(true)
        expect(queue.waitingGets === 0 || queue.size === 0).toBe(true)
      }
      const order = entered.filter((item) => !left.has(item))
      expect(taken).toEqual(order.slice(0, taken.length))
      expect(taken.length + queue.size + queue.waitingPuts).toBe(order.length)
    }),
    { numRuns: 300 },
  )
})
