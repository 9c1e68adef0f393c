import { sessionOf, type Visit } from '../visit.ts'
import type { Check } from './check.ts'

const count = 21

/** How long the agent takes to answer, as the middle one of some. */
export function roundTripCheck(visit: Visit): Check {
  return {
    name: 'round trip',
    async run() {
      const session = sessionOf(visit)
      const times: number[] = []
      for (let round = 0; round < count; round += 1) times.push((await session.info()).roundTrip)
      times.sort((a, b) => a - b)
      return { ok: true, found: `${(times[(count - 1) / 2] as number).toFixed(2)} ms, the middle of ${count}` }
    },
  }
}
