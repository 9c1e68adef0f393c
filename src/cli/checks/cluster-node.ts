import { sessionOf, type Visit } from '../visit.ts'
import type { Check } from './check.ts'

/** What actors and tasks in TypeScript run on, where the agent is. If there is none, the error says what to do. */
export function clusterNodeCheck(visit: Visit): Check {
  return {
    name: "cluster's Node",
    async run() {
      const { nodeJs } = await sessionOf(visit).info({ nodeJs: true })
      if (nodeJs === undefined) throw new Error('the cluster did not say what Node it has')
      return { ok: true, found: `${nodeJs.version} (${nodeJs.path}, from ${nodeJs.where})` }
    },
  }
}
