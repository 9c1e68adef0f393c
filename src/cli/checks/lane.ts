import { sessionOf, type Visit } from '../visit.ts'
import type { Check } from './check.ts'

/** How bytes reach the session's agent. The tunnel is slower, and nothing else: it is no fault. */
export function laneCheck(visit: Visit): Check {
  return {
    name: 'lane',
    async run() {
      const { lane, notDirect } = await sessionOf(visit).info()
      if (lane !== 'tunnel') return { ok: true, found: 'direct: a TCP connection to the agent' }
      const reason =
        notDirect === undefined ? '' : `, since the agent can not be reached directly (${notDirect.message})`
      return { ok: true, found: `tunnel: through the client port, which is slower${reason}` }
    },
  }
}
