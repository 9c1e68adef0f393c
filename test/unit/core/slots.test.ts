import { describe, expect, it } from 'vitest'
import { Slots, type SlotWaiter } from '../../../src/core/slots.ts'
import { Waiter } from '../../../src/core/waiters.ts'

class Asking extends Waiter implements SlotWaiter {
  need: number
  readonly least: number | undefined
  readonly log: string[]
  readonly name: string
  whenGranted: () => void = () => {}

  constructor(log: string[], name: string, need = 1, least?: number) {
    super()
    this.log = log
    this.name = name
    this.need = need
    this.least = least
  }

  granted(count: number): void {
    this.log.push(`${this.name}+${count}`)
    this.whenGranted()
  }

  refused(error: unknown): void {
    this.log.push(`${this.name}!${String(error)}`)
  }
}

describe('Slots', () => {
  it('gives what there is', () => {
    const slots = new Slots(3)
    expect([slots.tryAcquire(2), slots.available, slots.tryAcquire(2), slots.tryAcquire(), slots.tryAcquire()]).toEqual(
      [true, 1, false, true, false],
    )
    slots.release(2)
    expect([slots.tryAcquireUpTo(5), slots.available, slots.tryAcquireUpTo(5)]).toEqual([2, 0, 0])
  })

  it('has no limit when the capacity is infinite', () => {
    const slots = new Slots(Number.POSITIVE_INFINITY)
    expect(slots.tryAcquire(1e9)).toBe(true)
    expect(slots.tryAcquireUpTo(1e9)).toBe(1e9)
    expect(slots.available).toBe(Number.POSITIVE_INFINITY)
  })

  it('serves in order of arrival, and nobody barges', () => {
    const log: string[] = []
    const slots = new Slots(2)
    slots.tryAcquire(2)
    slots.park(new Asking(log, 'a', 2))
    slots.park(new Asking(log, 'b'))
    slots.release()
    // One is free, but it belongs to a, who needs two.
    expect([slots.available, slots.tryAcquire(), slots.tryAcquireUpTo(1), slots.waiting, log]).toEqual([
      1,
      false,
      0,
      2,
      [],
    ])
    slots.release()
    expect(log).toEqual(['a+2'])
    slots.release(2)
    expect([log, slots.available, slots.waiting]).toEqual([['a+2', 'b+1'], 1, 0])
  })

  it('grants at once what can be granted when nobody waits', () => {
    const log: string[] = []
    const slots = new Slots(1)
    slots.park(new Asking(log, 'a'))
    expect([log, slots.waiting]).toEqual([['a+1'], 0])
  })

  it('serves those behind when the head leaves', () => {
    const log: string[] = []
    const slots = new Slots(2, 1)
    const greedy = new Asking(log, 'greedy', 2)
    slots.park(greedy)
    slots.park(new Asking(log, 'b'))
    expect(log).toEqual([])
    expect(slots.unpark(greedy)).toBe(true)
    expect(log).toEqual(['b+1'])
    expect(slots.unpark(greedy)).toBe(false)
  })

  it('keeps the place of one that takes them piece by piece', () => {
    const log: string[] = []
    const slots = new Slots(2, 0)
    slots.park(new Asking(log, 'a', 5, 1))
    slots.park(new Asking(log, 'b'))
    slots.release(2)
    slots.release(2)
    expect([log, slots.waiting, slots.available]).toEqual([['a+2', 'a+2'], 2, 0])
    slots.release(3)
    expect([log, slots.available]).toEqual([['a+2', 'a+2', 'a+1', 'b+1'], 1])
  })

  it('does not grow the stack when being granted frees a slot again', () => {
    const log: string[] = []
    const slots = new Slots(1)
    slots.tryAcquire()
    for (let index = 0; index < 50_000; index++) {
      const waiter = new Asking(log, 'w')
      waiter.whenGranted = () => slots.release()
      slots.park(waiter)
    }
    slots.release()
    expect([log.length, slots.waiting, slots.available]).toEqual([50_000, 0, 1])
  })

  it('takes back free slots even while someone waits for more', () => {
    const slots = new Slots(10, 3)
    slots.park(new Asking([], 'a', 5))
    expect([slots.takeBackUpTo(2), slots.available, slots.takeBackUpTo(9), slots.available]).toEqual([2, 1, 1, 0])
  })

  it('refuses everybody when closed, once', () => {
    const log: string[] = []
    const slots = new Slots(1, 0)
    slots.park(new Asking(log, 'a'))
    slots.park(new Asking(log, 'b'))
    slots.close('gone')
    slots.close('again')
    slots.park(new Asking(log, 'c'))
    expect(log).toEqual(['a!gone', 'b!gone', 'c!gone'])
    slots.release()
    expect([slots.tryAcquire(), slots.tryAcquireUpTo(1), slots.isClosed]).toEqual([false, 0, true])
  })
})
