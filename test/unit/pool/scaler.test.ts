import { beforeEach, describe, expect, test } from 'vitest'
import { type Scalable, Scaler } from '../../../src/api/pool/scaler.ts'
import { FakeClock } from '../../interleaving/fake-clock.ts'

/** A pool of which everything can be set. */
class FakePool implements Scalable {
  isOpen = true
  size = 1
  isBusy = true
  isSaturated = true
  items = 100
  retired: { since: number; most: number }[] = []

  async waiting(): Promise<number> {
    return this.items
  }

  resize(size: number): void {
    this.size = size
  }

  retireIdle(since: number, most: number): void {
    this.retired.push({ since, most })
  }
}

describe('Scaler', () => {
  let clock: FakeClock
  let pool: FakePool
  let scaler: Scaler
  beforeEach(() => {
    clock = new FakeClock()
    pool = new FakePool()
    scaler = new Scaler(pool, { min: 1, max: 10, busyTime: 100, idleTime: 1_000 }, clock)
  })

  /** Lets time pass, and what follows from it happen. */
  async function pass(milliseconds: number): Promise<void> {
    clock.advance(milliseconds)
    for (let turn = 0; turn < 5; turn++) await null
  }

  test('doubles when all were busy twice in a row and items wait', async () => {
    scaler.wake()
    await pass(100)
    expect(pool.size).toBe(1)
    const sizes: number[] = []
    for (let look = 0; look < 5; look++) {
      await pass(100)
      sizes.push(pool.size)
    }
    expect(sizes).toEqual([2, 4, 8, 10, 10])
  })

  test('adds no more than items wait', async () => {
    pool.size = 6
    pool.items = 1
    scaler.wake()
    await pass(100)
    await pass(100)
    expect(pool.size).toBe(7)
    pool.items = 0
    await pass(100)
    expect(pool.size).toBe(7)
  })

  test('a moment in which somebody was free counts', async () => {
    scaler.wake()
    await pass(100)
    pool.isSaturated = false
    await pass(100)
    pool.isSaturated = true
    await pass(100)
    expect(pool.size).toBe(1)
    await pass(100)
    expect(pool.size).toBe(2)
  })

  test('a channel that can not be asked makes nothing grow', async () => {
    pool.waiting = () => Promise.reject(new Error('gone'))
    scaler.wake()
    await pass(100)
    await pass(100)
    await pass(100)
    expect(pool.size).toBe(1)
  })

  test('retires who was idle for long, and keeps the least', async () => {
    pool.size = 4
    pool.isBusy = false
    pool.isSaturated = false
    await pass(5_000)
    scaler.wake()
    await pass(100)
    expect(pool.retired).toEqual([{ since: 4_100, most: 3 }])
  })

  test('runs a timer only while there is something to decide', async () => {
    pool.isBusy = false
    pool.isSaturated = false
    scaler.wake()
    expect(clock.pending).toBe(0)
    pool.isBusy = true
    scaler.wake()
    scaler.wake()
    expect(clock.pending).toBe(1)
    await pass(100)
    expect(clock.pending).toBe(1)
    pool.isBusy = false
    await pass(100)
    expect(clock.pending).toBe(0)
    pool.isBusy = true
    pool.size = 10
    scaler.wake()
    expect(clock.pending).toBe(1)
    pool.isOpen = false
    scaler.wake()
    expect(clock.pending).toBe(0)
    scaler.wake()
    expect(clock.pending).toBe(0)
  })

  test('does nothing to a pool that closes while its channel is asked', async () => {
    let answer = (_: number) => {}
    pool.waiting = () =>
      new Promise((resolve) => {
        answer = resolve
      })
    scaler.wake()
    await pass(100)
    await pass(100)
    pool.isOpen = false
    scaler.wake()
    answer(5)
    await pass(0)
    expect(pool.size).toBe(1)
    expect(clock.pending).toBe(0)
  })
})
