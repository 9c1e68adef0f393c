import { describe, expect, it } from 'vitest'
import { ItemQueue, type ItemWaiter } from '../../../src/core/item-queue.ts'
import { Waiter } from '../../../src/core/waiters.ts'

class Taking extends Waiter implements ItemWaiter<number> {
  readonly log: string[]
  readonly name: string

  constructor(log: string[], name: string) {
    super()
    this.log = log
    this.name = name
  }

  deliver(item: number): void {
    this.log.push(`${this.name}=${item}`)
  }

  ended(error: unknown): void {
    this.log.push(`${this.name}!${String(error)}`)
  }
}

describe('ItemQueue', () => {
  it('buffers while nobody waits', () => {
    const queue = new ItemQueue<number>()
    expect([queue.push(1), queue.push(2), queue.length]).toEqual([false, false, 2])
    expect([queue.tryTake(), queue.tryTake(), queue.tryTake(), queue.length]).toEqual([1, 2, undefined, 0])
  })

  it('hands to those who wait, in order of arrival', () => {
    const log: string[] = []
    const queue = new ItemQueue<number>()
    for (const name of ['a', 'b']) queue.park(new Taking(log, name))
    expect([queue.waiting, queue.push(1), queue.push(2), queue.push(3)]).toEqual([2, true, true, false])
    expect([log, queue.length, queue.waiting]).toEqual([['a=1', 'b=2'], 1, 0])
  })

  it('settles at once where it can', () => {
    const log: string[] = []
    const queue = new ItemQueue<number>()
    queue.push(1)
    queue.park(new Taking(log, 'a'))
    queue.end('over')
    queue.park(new Taking(log, 'b'))
    expect([log, queue.waiting]).toEqual([['a=1', 'b!over'], 0])
  })

  it('skips those who left', () => {
    const log: string[] = []
    const queue = new ItemQueue<number>()
    const [a, b] = [new Taking(log, 'a'), new Taking(log, 'b')]
    queue.park(a)
    queue.park(b)
    expect([queue.unpark(a), queue.unpark(a), queue.push(1)]).toEqual([true, false, true])
    expect(log).toEqual(['b=1'])
  })

  it('gives back in order, before what is buffered', () => {
    const queue = new ItemQueue<number>()
    queue.push(3)
    expect(queue.pushFront([1, 2])).toBe(0)
    expect(queue.drain()).toEqual([1, 2, 3])
  })

  it('gives back to those who wait first', () => {
    const log: string[] = []
    const queue = new ItemQueue<number>()
    for (const name of ['a', 'b']) queue.park(new Taking(log, name))
    expect(queue.pushFront([1, 2, 3, 4])).toBe(2)
    expect([log, queue.drain()]).toEqual([
      ['a=1', 'b=2'],
      [3, 4],
    ])
  })

  it('is drained before it ends', () => {
    const log: string[] = []
    const queue = new ItemQueue<number>()
    queue.push(1)
    queue.end('over')
    queue.end('again')
    expect([queue.isEnded, queue.error, queue.tryTake()]).toEqual([true, 'over', 1])
    queue.park(new Taking(log, 'a'))
    expect(log).toEqual(['a!over'])
  })

  it('ends those who wait', () => {
    const log: string[] = []
    const queue = new ItemQueue<number>()
    for (const name of ['a', 'b']) queue.park(new Taking(log, name))
    queue.end('over')
    expect([log, queue.waiting]).toEqual([['a!over', 'b!over'], 0])
  })
})
