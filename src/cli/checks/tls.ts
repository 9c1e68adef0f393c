import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { Place } from '../visit.ts'
import type { Check } from './check.ts'

/** Milliseconds. What speaks TLS answers at once. */
const limit = 3_000

const variables = 'RAY_TLS_CA_CERT, RAY_TLS_SERVER_CERT and RAY_TLS_SERVER_KEY'

/** Whether the port speaks TLS, and whether we are set up accordingly. Whether it trusts us shows when the session opens. */
export function tlsCheck(place: Place): Check {
  return {
    name: 'TLS',
    opensTheWay: true,
    async run() {
      const wanted = ['1', 'true'].includes((process.env.RAY_USE_TLS ?? '').toLowerCase())
      const spoken = await greet(place)
      if (spoken === undefined && !wanted) return { ok: true, found: 'not used' }
      if (spoken === undefined) {
        return { ok: false, found: 'RAY_USE_TLS is set, and the port speaks no TLS', advice: 'unset it' }
      }
      if (!wanted) {
        const advice = `set RAY_USE_TLS=1, and ${variables} to the files of certificates and key`
        return { ok: false, found: 'the port speaks TLS, and RAY_USE_TLS is not set', advice }
      }
      const { expires } = spoken
      if (expires !== undefined && Date.parse(expires) < Date.now()) {
        return { ok: false, found: `the cluster's certificate expired on ${expires}`, advice: 'have it renewed' }
      }
      return {
        ok: true,
        found: expires === undefined ? 'used' : `used; the cluster's certificate expires on ${expires}`,
      }
    },
  }
}

/** Undefined when the port does not speak TLS. */
function greet({ host, port }: Place): Promise<{ readonly expires: string | undefined } | undefined> {
  return new Promise((resolve) => {
    // Nothing is said over this connection: its certificate is looked at, not trusted.
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    const settle = (answer: { readonly expires: string | undefined } | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(settle, limit, undefined)
    socket.once('secureConnect', () => settle({ expires: socket.getPeerCertificate().valid_to }))
    // A server that misses our certificate says so in an alert, which is TLS as well.
    socket.on('error', (error) => settle(/\balert\b/i.test(error.message) ? { expires: undefined } : undefined))
  })
}
