import { connect, RayError } from '../../index.ts'
import type { Visit } from '../visit.ts'
import type { Check, CheckResult } from './check.ts'

/** gRPC's own numbers. */
const unauthenticated = 16
const unimplemented = 12

/** Opens a session, as a program would. Others look at what it found. */
export function sessionCheck(visit: Visit): Check {
  return {
    name: 'session',
    opensTheWay: true,
    async run() {
      const start = performance.now()
      try {
        visit.session = await connect(visit.address, { timeout: visit.timeout })
      } catch (error) {
        return refused(error)
      }
      return { ok: true, found: `opened in ${((performance.now() - start) / 1_000).toFixed(1)} s` }
    },
  }
}

/** Whether the cluster demands a token that it was not shown, or was shown another one. */
export function isAboutToken(error: unknown): boolean {
  return error instanceof RayError && codeOf(error.cause) === unauthenticated
}

function refused(error: unknown): CheckResult {
  const found = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error ? codeOf(error.cause) : undefined
  if (code === unauthenticated) {
    const shown = process.env.RAY_AUTH_MODE?.toLowerCase() === 'token'
    return {
      ok: false,
      about: 'token',
      found,
      advice: shown ? 'show the one that the cluster was started with' : undefined,
    }
  }
  if (typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO_|ERR_SSL|ERR_OSSL/.test(code)) {
    const advice =
      'RAY_TLS_CA_CERT must name the authority of the certificate of the cluster; RAY_TLS_SERVER_CERT and RAY_TLS_SERVER_KEY a pair of the same authority'
    return { ok: false, about: 'TLS', found, advice }
  }
  if (code === unimplemented || / is no Ray client server/.test(found)) {
    const advice =
      'give the port of the client server (--ray-client-server-port, 10001 by default), not that of the dashboard (8265) or the GCS (6379)'
    return { ok: false, found, advice }
  }
  return { ok: false, found }
}

function codeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null ? (cause as { readonly code?: unknown }).code : undefined
}
