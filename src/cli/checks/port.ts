import { isListening } from '../../cluster.ts'
import type { Check } from './check.ts'

const timeout = 5_000

/** Whether anything accepts connections at the address. */
export function portCheck(address: string): Check {
  return {
    name: 'port',
    async run() {
      const target = parse(address)
      if (target === undefined) {
        return { ok: false, found: `${address} is no address`, advice: 'give one such as ray://host:10001' }
      }
      const { hostname, port } = target
      if (await isListening(hostname, port, timeout))
        return { ok: true, found: `${hostname}:${port} accepts connections` }
      const advice =
        'is Ray running there with its client server (--ray-client-server-port), and does a firewall let it through?'
      return { ok: false, found: `${hostname}:${port} does not accept connections`, advice }
    },
  }
}

function parse(address: string): { readonly hostname: string; readonly port: number } | undefined {
  const [, hostname, port] = /^ray:\/\/(\[[0-9a-f:]+\]|[^:/\s[\]]+):(\d{1,5})\/?$/i.exec(address) ?? []
  if (hostname === undefined || port === undefined || Number(port) > 65_535) return undefined
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}
