import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { isListening } from '../../../src/cluster/listening.ts'
import { pickAddress, pickPorts } from '../../../src/cluster/loopback.ts'

async function listen(host: string, port = 0): Promise<number> {
  const server = createServer((socket) => socket.end())
  server.listen({ host, port })
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await once(server, 'close')
  })
  return (server.address() as { port: number }).port
}

test.runIf(process.platform === 'linux')(
  'an address is of the loopback network, its own, and can be used',
  async () => {
    const addresses = await Promise.all(Array.from({ length: 20 }, pickAddress))
    expect(new Set(addresses).size).toBe(20)
    for (const address of addresses) expect(address).toMatch(/^127\.(1[6-9]|[2-9]\d|1\d\d|2[0-4]\d|25[0-4])\.\d+\.\d+$/)
    expect(await listen(addresses[0] as string)).toBeGreaterThan(0)
  },
)

test('ports are different, free, and none that Ray, its client sessions or outgoing connections take', async () => {
  const ports = await pickPorts(30)
  expect(new Set(ports).size).toBe(30)
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(port).toBeLessThan(23_000)
    expect(await isListening('127.0.0.1', port)).toBe(false)
  }
})

test('what listens is seen, what does not is not', async () => {
  const port = await listen('127.0.0.1')
  expect(await isListening('127.0.0.1', port)).toBe(true)
  const [free] = (await pickPorts(1)) as [number]
  expect(await isListening('127.0.0.1', free)).toBe(false)
})
