import type { Runtime } from '../index.ts'

/** Where a cluster's client server is said to be. */
export interface Place {
  readonly address: `ray://${string}`
  readonly host: string
  readonly port: number
}

/** A cluster that is looked at. */
export interface Visit extends Place {
  /** Milliseconds for a session to open. */
  readonly timeout: number
  /** Open once the session's check has succeeded. */
  session: Runtime | undefined
}

/** Ray's own default. */
const usualPort = 10_001

/** Reads `ray://host:port`, as `connect` does; undefined if it is none. */
export function parseAddress(address: string): Place | undefined {
  const [, bracketed, plain, digits] =
    /^ray:\/\/(?:\[([^\][]+)\]|([^\][:/?#@\s]+))(?::(\d{1,5}))?\/?$/.exec(address) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? usualPort : Number(digits)
  if (host === undefined || port < 1 || port > 65_535) return undefined
  return { address: address as Place['address'], host, port }
}

/** `host:port`, with brackets around IPv6. */
export function authority({ host, port }: Place): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The session that an earlier check has opened. */
export function sessionOf({ session }: Visit): Runtime {
  if (session === undefined) throw new Error('no session has been opened')
  return session
}
