import { connect } from '../../index.ts'
import type { Visit } from '../visit.ts'
import type { Check } from './check.ts'
import { isAboutToken } from './session.ts'

/** Whether the cluster demands a token. The session is open: one that was shown has not been refused. */
export function tokenCheck({ address, timeout }: Visit): Check {
  return {
    name: 'token',
    async run() {
      if (process.env.RAY_AUTH_MODE?.toLowerCase() !== 'token') return { ok: true, found: 'none demanded' }
      try {
        await (await connect(address, { authToken: false, timeout })).shutdown()
      } catch (error) {
        if (isAboutToken(error)) return { ok: true, found: 'demanded, and ours is taken' }
        throw error
      }
      return { ok: true, found: 'none demanded; that of RAY_AUTH_MODE is not looked at' }
    },
  }
}
