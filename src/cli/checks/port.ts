import { createConnection } from 'node:net'
import { authority, type Place } from '../visit.ts'
import type { Check } from './check.ts'

/** Milliseconds. */
const limit = 5_000

/** Whether anything accepts connections at the address, and if not, whether it is the host or the port. */
export function portCheck(place: Place): Check {
  return {
    name: 'port',
    opensTheWay: true,
    async run() {
      const refusal = await knock(place)
      const where = authority(place)
      if (refusal === undefined) return { ok: true, found: `${where} accepts connections` }
      return { ok: false, ...explain(place, where, refusal) }
    },
  }
}

function explain(
  { host }: Place,
  where: string,
  refusal: string,
): { readonly found: string; readonly advice: string; readonly about?: string } {
  if (refusal === 'ENOTFOUND' || refusal === 'EAI_AGAIN') {
    return { about: 'address', found: `no host ${host} is known (${refusal})`, advice: 'correct its name' }
  }
  if (refusal === 'ECONNREFUSED') {
    const advice = 'start Ray there with its client server (--ray-client-server-port, 10001 by default)'
    return { found: `nothing listens on ${where}`, advice }
  }
  return {
    found: `${where} can not be reached (${refusal})`,
    advice: 'correct the address, or let the firewall pass it',
  }
}

/** Undefined when the connection was accepted; else why not. */
function knock({ host, port }: Place): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const settle = (refusal: string | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(refusal)
    }
    const timer = setTimeout(settle, limit, `no answer within ${limit / 1_000} s`)
    socket.once('connect', () => settle(undefined))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
  })
}
