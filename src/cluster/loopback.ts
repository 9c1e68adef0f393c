import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { KlawError } from '../errors.ts'

/**
 * Below the ports of client sessions (23000 to 23999 in Ray, up to 31999 in klaw's heads, `klaw_cluster/client_server.py`)
 * and those that systems give to outgoing connections (from 32768 on Linux), above those of Ray's workers (10002 to 19999).
 */
const firstPort = 20_000
const lastPort = 22_999

const attempts = 200

/**
 * An address of its own in 127.0.0.0/8. Not 127.0.0.1, which Ray replaces by the host's own address. Systems that have
 * only that one (macOS) get it: there Ray itself stays on loopback.
 */
export async function pickAddress(): Promise<string> {
  const address = `127.${randomInt(16, 255)}.${randomInt(0, 256)}.${randomInt(2, 255)}`
  return (await canListen(address, 0)) ? address : '127.0.0.1'
}

/** Different ports that nobody listens on, on any address: parts of Ray listen on all of them. */
export async function pickPorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let attempt = 0; attempt < attempts && ports.size < count; attempt += 1) {
    const port = randomInt(firstPort, lastPort + 1)
    if (!ports.has(port) && (await canListen(undefined, port))) ports.add(port)
  }
  if (ports.size < count) throw new KlawError(`no ${count} free ports found between ${firstPort} and ${lastPort}`)
  return [...ports]
}

function canListen(host: string | undefined, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
