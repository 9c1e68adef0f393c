import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RingBuffer } from '../../../src/core/ring-buffer.ts'

const contents = <T>(ring: RingBuffer<T>) => Array.from({ length: ring.length }, (_, index) => ring.at(index))

describe('RingBuffer', () => {
  it('behaves like an array', () => {
    const operation = fc.oneof(
      fc.record({ do: fc.constant('pushBack' as const), count: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ do: fc.constant('pushFront' as const), count: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ do: fc.constant('popFront' as const), count: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ do: fc.constant('clear' as const), count: fc.constant(1) }),
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const ring = new RingBuffer<number>()
        const model: number[] = []
        let next = 0
        for (const { do: name, count } of operations) {
          for (let round = 0; round < count; round++) {
            if (name === 'pushBack') {
              ring.pushBack(next)
              model.push(next++)
            } else if (name === 'pushFront') {
              ring.pushFront(next)
              model.unshift(next++)
            } else if (name === 'popFront') expect(ring.popFront()).toBe(model.shift())
            else {
              ring.clear()
              model.length = 0
            }
          }
          expect(ring.length).toBe(model.length)
        }
        expect(contents(ring)).toEqual(model)
      }),
      { numRuns: 200 },
    )
  })

  it('counts at the edges of its growth', () => {
    const ring = new RingBuffer<number>()
    for (let size = 1; size <= 130; size++) {
      ring.pushBack(size)
      expect(ring.length).toBe(size)
    }
    for (let size = 129; size >= 0; size--) {
      ring.popFront()
      expect(ring.length).toBe(size)
    }
    expect(ring.popFront()).toBeUndefined()
    expect(ring.length).toBe(0)
  })

  it('holds undefined as a value', () => {
    const ring = new RingBuffer<undefined>()
    ring.pushBack(undefined)
    expect(ring.length).toBe(1)
    expect(ring.popFront()).toBeUndefined()
    expect(ring.length).toBe(0)
  })

  it('answers undefined outside', () => {
    const ring = new RingBuffer<string>()
    ring.pushBack('a')
    expect([ring.at(-1), ring.at(0), ring.at(1)]).toEqual([undefined, 'a', undefined])
  })
})
