import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { KlawError } from '../errors.ts'

/**
 * Below the ports that systems give to outgoing connections (32768 on Linux), above those of Ray's workers (10002 to
 * 19999), and beside those of its client servers (23000 to 23999).
 */
const portRanges = [
  [20_000, 22_999],
  [24_000, 31_999],
] as const

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
    const port = randomPort()
    if (!ports.has(port) && (await canListen(undefined, port))) ports.add(port)
  }
  if (ports.size < count) throw new KlawError(`no ${count} free ports found between 20000 and 31999`)
  return [...ports]
}

function randomPort(): number {
  const sizes = portRanges.map(([first, last]) => last - first + 1)
  let index = randomInt(sizes.reduce((sum, size) => sum + size))
  for (const [range, [first]] of portRanges.entries()) {
    const size = sizes[range] as number
    if (index < size) return first + index
    index -= size
  }
  throw new KlawError('unreachable: a random number outside its range')
}

function canListen(host: string | undefined, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
