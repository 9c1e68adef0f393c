import { describe, expect, test } from 'vitest'
import { Resources, type ResourceWaiter, requested } from '../../../src/engine/local/hub/directory/resources.ts'

const nothing = { numCpus: undefined, numGpus: undefined, memory: undefined, resources: undefined }

function waiter(granted: string[], name: string, numCpus: number, resources?: Record<string, number>): ResourceWaiter {
  return {
    amounts: requested({ ...nothing, numCpus, resources }),
    session: 1,
    granted: () => granted.push(name),
  }
}

describe('resources', () => {
  test('are granted in the order of asking', () => {
    const resources = new Resources({ CPU: 2 })
    const granted: string[] = []
    const first = waiter(granted, 'first', 2)
    resources.wait(first)
    resources.wait(waiter(granted, 'second', 2))
    resources.wait(waiter(granted, 'third', 1))
    expect(granted).toEqual(['first'])
    resources.giveBack(first.amounts)
    expect(granted).toEqual(['first', 'second'])
  })

  test('who needs nothing scarce does not stand behind those who do', () => {
    const resources = new Resources({ CPU: 1, disk: 1 })
    const granted: string[] = []
    resources.wait(waiter(granted, 'cpu', 1))
    resources.wait(waiter(granted, 'waits', 1))
    resources.wait(waiter(granted, 'disk', 0, { disk: 1 }))
    resources.wait(waiter(granted, 'nothing', 0))
    expect(granted).toEqual(['cpu', 'disk', 'nothing'])
  })

  test('who leaves the line lets others pass', () => {
    const resources = new Resources({ CPU: 2 })
    const granted: string[] = []
    resources.wait(waiter(granted, 'first', 1))
    const large = waiter(granted, 'large', 2)
    resources.wait(large)
    resources.wait(waiter(granted, 'small', 1))
    expect(granted).toEqual(['first'])
    expect(resources.leave(large)).toBe(true)
    expect(resources.leave(large)).toBe(false)
    expect(granted).toEqual(['first', 'small'])
  })

  test('fractions add up exactly', () => {
    const resources = new Resources({ CPU: 1 })
    const granted: string[] = []
    for (let index = 0; index < 11; index++) resources.wait(waiter(granted, String(index), 0.1))
    expect(granted).toHaveLength(10)
  })

  test('what was lent is taken back even when it is not there', () => {
    const resources = new Resources({ CPU: 1 })
    const granted: string[] = []
    const first = waiter(granted, 'first', 1)
    resources.wait(first)
    resources.giveBack(first.amounts)
    resources.wait(waiter(granted, 'second', 1))
    resources.take(first.amounts)
    resources.wait(waiter(granted, 'third', 1))
    resources.giveBack(first.amounts)
    expect(granted).toEqual(['first', 'second'])
    resources.giveBack(first.amounts)
    expect(granted).toEqual(['first', 'second', 'third'])
  })

  test('say what there will never be', () => {
    const resources = new Resources({ CPU: 2 })
    expect(resources.infeasible(requested({ ...nothing, numCpus: 2 }))).toBeUndefined()
    expect(resources.infeasible(requested({ ...nothing, numCpus: 2.5 }))).toBe('2.5 CPU are asked for, and there are 2')
    expect(resources.infeasible(requested({ ...nothing, numGpus: 1 }))).toBe('1 GPU are asked for, and there are 0')
  })

  test('say when somebody has to wait', () => {
    const resources = new Resources({ CPU: 1 })
    const scarce: ResourceWaiter[] = []
    resources.scarce = (who) => scarce.push(who)
    const granted: string[] = []
    resources.wait(waiter(granted, 'first', 1))
    const second = waiter(granted, 'second', 1)
    resources.wait(second)
    expect(scarce).toEqual([second])
    expect(resources.othersWait(1)).toBe(false)
    expect(resources.othersWait(2)).toBe(true)
  })
})
