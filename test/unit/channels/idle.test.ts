import { describe, expect, it } from 'vitest'
import { broadcast, channel, oneshot, select, watch } from '../../../src/channel.ts'
import { heapUsed } from '../../interleaving/garbage.ts'

describe('an idle channel', () => {
  it.each([
    ['channel', () => channel()],
    ['channel with acknowledgements', () => channel({ ack: 'manual' })],
    ['oneshot', () => oneshot()],
    ['broadcast', () => broadcast()],
    ['watch', () => watch(0)],
  ])('takes no more than 1 KB: %s', async (_name, make) => {
    const count = 5_000
    const kept: unknown[] = Array.from({ length: count })
    const measure = async () => {
      const before = await heapUsed()
      for (let index = 0; index < count; index++) kept[index] = make()
      return ((await heapUsed()) - before) / count
    }
    // The first round also pays for code that is compiled.
    await measure()
    kept.fill(undefined)
    expect(await measure()).toBeLessThanOrEqual(1_024)
  })

  it('keeps no event loop alive, also while something waits on it', async () => {
    const before = process.getActiveResourcesInfo().length
    const [tx, rx] = channel<number>({ capacity: 1, ack: 'manual' })
    tx.trySend(1)
    await rx.recv()
    const waiting = [rx.recv(), tx.send(2), tx.closed(), select({ rx })]
    expect(process.getActiveResourcesInfo().filter((type) => type !== 'Timeout').length).toBeLessThanOrEqual(before)
    tx.close()
    rx.close()
    await Promise.allSettled(waiting)
  })

  it('gives back what a burst needed', async () => {
    const [tx, rx] = channel<number>({ unbounded: true })
    const fill = () => {
      for (let value = 0; value < 200_000; value++) tx.trySend(value)
    }
    const drain = () => {
      for (let value = 0; value < 200_000; value++) rx.tryRecv()
    }
    const [full, empty] = [[] as number[], [] as number[]]
    // Code is compiled, and forgotten, meanwhile; but what the queue itself kept, it would keep in each round.
    for (let round = 0; round < 5; round++) {
      const before = await heapUsed()
      fill()
      full.push((await heapUsed()) - before)
      drain()
      empty.push((await heapUsed()) - before)
    }
    expect(Math.max(...full), `bytes: ${full}`).toBeGreaterThan(1_000_000)
    expect(Math.min(...empty), `bytes: ${empty}`).toBeLessThan(100_000)
  })
})
