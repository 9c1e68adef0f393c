import { expect, test } from 'vitest'
import { Rate } from '../../../src/api/pool/rate.ts'

test('a steady stream has its rate from the start', () => {
  const rate = new Rate(0)
  for (let time = 10; time <= 1_000; time += 10) rate.count(time)
  expect(rate.perSecond(1_000)).toBeCloseTo(100, -1)
  for (let time = 1_010; time <= 60_000; time += 10) rate.count(time)
  expect(rate.perSecond(60_000)).toBeCloseTo(100, -1)
})

test('what was long ago counts less and less', () => {
  const rate = new Rate(0)
  for (let time = 1; time <= 1_000; time++) rate.count(time)
  const before = rate.perSecond(1_000)
  expect(rate.perSecond(6_000)).toBeLessThan(before / 2)
  expect(rate.perSecond(100_000)).toBeCloseTo(0, 3)
})

test('nothing is no rate', () => {
  const rate = new Rate(5)
  expect(rate.perSecond(5)).toBe(0)
  expect(rate.perSecond(1_000)).toBe(0)
})
