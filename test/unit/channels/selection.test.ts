import { describe, expect, it } from 'vitest'
import { type SelectSource, selectFrom } from '../../../src/core/select.ts'
import { FakeClock } from '../../interleaving/fake-clock.ts'
import { Random } from '../../interleaving/random.ts'

function source(ready: boolean): SelectSource<string> {
  return { ready: () => ready, take: () => 'taken', park: () => () => {} }
}

const options = { biased: false, orNothing: false, signal: undefined, clock: new FakeClock() }

describe('a selection', () => {
  it('gives each case that is ready the same chance, wherever it stands', async () => {
    const random = new Random(1)
    const sources = [false, true, false, false, false, true, true, false].map(source)
    const wins = new Map<number, number>()
    for (let round = 0; round < 3_000; round++) {
      const selected = await selectFrom(sources, { ...options, random: () => random.next() })
      wins.set(selected?.index ?? -1, (wins.get(selected?.index ?? -1) ?? 0) + 1)
    }
    expect([...wins.keys()].sort()).toEqual([1, 5, 6])
    // 1,000 are expected; six standard deviations are 155.
    for (const count of wins.values()) expect(Math.abs(count - 1_000)).toBeLessThan(155)
  })

  it('gets in line in random order, so that none is always the first to be served', async () => {
    const random = new Random(1)
    const firsts = new Set<number>()
    for (let round = 0; round < 50; round++) {
      const order: number[] = []
      const sources = [0, 1, 2].map(
        (index): SelectSource<string> => ({
          ready: () => false,
          take: () => 'never',
          park(win) {
            order.push(index)
            if (order.length === 3) win('won')
            return () => {}
          },
        }),
      )
      await selectFrom(sources, { ...options, random: () => random.next() })
      firsts.add(order[0] as number)
    }
    expect([...firsts].sort()).toEqual([0, 1, 2])
  })

  it('that is biased asks those that come first before it takes another', async () => {
    const asked: string[] = []
    let arrived = false
    const remote = (name: string, comes: boolean): SelectSource<string> => ({
      ready: () => comes && arrived,
      take: () => name,
      async probe() {
        asked.push(name)
        await null
        arrived = true
      },
      park: () => () => {},
    })
    const sources = [remote('empty', false), remote('full', true), source(true), remote('later', true)]
    const selected = await selectFrom(sources, { ...options, biased: true, random: Math.random })
    expect([selected, asked]).toEqual([{ index: 1, outcome: 'full' }, ['empty', 'full']])
  })

  it('that was aborted while it asked takes nothing', async () => {
    const controller = new AbortController()
    let taken = 0
    const remote: SelectSource<string> = {
      ready: () => controller.signal.aborted,
      take: () => `${taken++}`,
      probe: async () => controller.abort('no'),
      park: () => () => {},
    }
    const selection = selectFrom([remote], {
      ...options,
      orNothing: true,
      signal: controller.signal,
      random: Math.random,
    })
    await expect(selection).rejects.toBe('no')
    expect(taken).toBe(0)
  })

  it('does not hear of a case that wins while the others leave', async () => {
    let winLast: (outcome: string) => void = () => {}
    const sources: SelectSource<string>[] = [
      {
        ready: () => false,
        take: () => 'never',
        park(win) {
          queueMicrotask(() => win('first'))
          return () => {}
        },
      },
      { ready: () => false, take: () => 'never', park: () => () => winLast('last') },
      {
        ready: () => false,
        take: () => 'never',
        park(win) {
          winLast = win
          return () => {}
        },
      },
    ]
    const selected = await selectFrom(sources, { ...options, random: Math.random })
    expect(selected).toEqual({ index: 0, outcome: 'first' })
  })

  it('takes everybody out of line when one wins while others are still getting in', async () => {
    const line = new Set<string>()
    const waiting = (name: string): SelectSource<string> => ({
      ready: () => false,
      take: () => name,
      park(win) {
        if (name === 'quick') {
          win(name)
          return () => {}
        }
        line.add(name)
        return () => line.delete(name)
      },
    })
    const sources = ['first', 'quick', 'last'].map(waiting)
    const selected = await selectFrom(sources, { ...options, biased: true, random: Math.random })
    expect([selected, [...line]]).toEqual([{ index: 1, outcome: 'quick' }, []])
  })
})
