import { describe, expect, it } from 'vitest'
import { Waiter, WaiterList } from '../../../src/core/waiters.ts'

class Named extends Waiter {
  readonly name: string
  constructor(name: string) {
    super()
    this.name = name
  }
}

function listOf(...names: string[]): [WaiterList<Named>, Named[]] {
  const list = new WaiterList<Named>()
  const waiters = names.map((name) => new Named(name))
  for (const waiter of waiters) list.push(waiter)
  return [list, waiters]
}

const names = (list: WaiterList<Named>) => [...list].map((waiter) => waiter.name)

describe('WaiterList', () => {
  it('serves in order of arrival', () => {
    const [list] = listOf('a', 'b', 'c')
    expect([list.shift()?.name, list.shift()?.name, list.shift()?.name, list.shift()]).toEqual([
      'a',
      'b',
      'c',
      undefined,
    ])
    expect(list.length).toBe(0)
  })

  it.each([
    [0, ['b', 'c']],
    [1, ['a', 'c']],
    [2, ['a', 'b']],
  ])('removes number %i', (index, left) => {
    const [list, waiters] = listOf('a', 'b', 'c')
    expect(list.remove(waiters[index] as Named)).toBe(true)
    expect(names(list)).toEqual(left)
    expect(list.length).toBe(2)
  })

  it('removes once, and only its own', () => {
    const [list, waiters] = listOf('a', 'b')
    const [other] = listOf('x')
    const first = waiters[0] as Named
    expect(other.remove(first)).toBe(false)
    expect(list.remove(first)).toBe(true)
    expect(list.remove(first)).toBe(false)
    expect([list.length, other.length]).toEqual([1, 1])
  })

  it('forgets those who left', () => {
    const [list, [a, b, c]] = listOf('a', 'b', 'c')
    list.remove(b as Named)
    list.shift()
    for (const gone of [a, b]) expect(gone).toMatchObject({ list: undefined, previous: undefined, next: undefined })
    expect(c).toMatchObject({ previous: undefined, next: undefined })
  })

  it('lets a waiter that left come again, but not stand in two places', () => {
    const [list, [a]] = listOf('a', 'b')
    expect(() => list.push(a as Named)).toThrow('one list at a time')
    list.remove(a as Named)
    list.push(a as Named)
    expect(names(list)).toEqual(['b', 'a'])
  })

  it('can be emptied while it is iterated', () => {
    const [list] = listOf('a', 'b', 'c')
    for (const waiter of list) list.remove(waiter)
    expect([list.length, list.first]).toEqual([0, undefined])
  })
})
