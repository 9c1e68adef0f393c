import { show } from './arguments.ts'

/** Where a Ray cluster's client server listens. */
export interface RayAddress {
  readonly host: string
  readonly port: number
}

/** Ray's own default. */
const defaultPort = 10_001
const allowed = "undefined, 'embedded' or 'ray://host:port'"

/**
 * Reads `ray://host:port`, `ray://[::1]:10001`, `ray://host`.
 *
 * @throws TypeError, RangeError naming what is wrong and what is allowed
 */
export function parseRayAddress(address: unknown): RayAddress {
  if (typeof address !== 'string') throw new TypeError(`'address' must be ${allowed}, got ${show(address)}`)
  const match = /^ray:\/\/(?:\[([^\][]+)\]|([^\][:/?#@\s]+))(?::(\d+))?\/?$/.exec(address)
  if (match === null) throw new RangeError(`'address' must be ${allowed}, got ${show(address)}${hint(address)}`)
  const port = match[3] === undefined ? defaultPort : Number(match[3])
  if (port < 1 || port > 65_535)
    throw new RangeError(`the port in 'address' must be from 1 to 65535, got ${show(address)}`)
  return { host: (match[1] ?? match[2]) as string, port }
}

function hint(address: string): string {
  if (/^(https?|tcp|grpc):\/\//.test(address))
    return ': a cluster is reached by the port of its client server, 10001 by default'
  if (/^[^/:]+:\d+$/.test(address)) return `: did you mean 'ray://${address}'?`
  if (/^ray:\/\/[^[]*:[^[]*:/.test(address)) return ': an IPv6 address stands in brackets, ray://[::1]:10001'
  return ''
}
