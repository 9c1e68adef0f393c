import { expect, test } from 'vitest'
import { RoundTrip } from '../../../src/wire/round-trip.ts'

test('is what an answer takes at best, and follows slowly when it takes longer', () => {
  const trip = new RoundTrip()
  expect(trip.best).toBe(0)
  trip.answered(5)
  expect(trip.best).toBe(0)
  trip.asked(10)
  trip.asked(12)
  trip.answered(50)
  trip.answered(60)
  expect(trip.best).toBe(40)
  trip.asked(100)
  trip.answered(108)
  expect(trip.best).toBe(8)
  trip.asked(200)
  trip.answered(216)
  expect(trip.best).toBe(8.5)
})

test('an answer that waited for somebody counts for a quarter of a second at most', () => {
  const trip = new RoundTrip()
  trip.asked(0)
  trip.answered(60_000)
  expect(trip.best).toBe(250)
})
