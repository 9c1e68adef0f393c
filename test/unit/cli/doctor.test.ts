import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { doctor } from '../../../src/cli/doctor.ts'
import { Authority } from '../bootstrap/support/certificates.ts'
import { FakeCluster } from '../bootstrap/support/fake-cluster.ts'

const authority = new Authority()
afterAll(() => authority.remove())

/** The last line, which is the one that something is to do about. */
async function verdict(
  address: string,
  environment: Readonly<Record<string, string>> = {},
  timeout = 10_000,
): Promise<string> {
  for (const name of ['RAY_USE_TLS', 'RAY_AUTH_MODE', 'RAY_AUTH_TOKEN']) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  const lines: string[] = []
  expect(await doctor(address, timeout, (line) => lines.push(line), [])).toBe(false)
  return (lines.at(-1) as string).replace(/ {2,}/g, ' ')
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function tlsCluster() {
  const { cert, key } = authority.issue('127.0.0.1')
  const tls = { cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
  const { port } = await FakeCluster.start({ tls })
  return `ray://127.0.0.1:${port}`
}

test.each(['head:10001', 'http://head:8265', 'ray://', 'ray://head:70000', 'ray://::1:10001'])(
  '%s is no address',
  async (address) => {
    expect(await verdict(address)).toBe(`to do address ${address} is no address: give one such as ray://host:10001`)
  },
)

test('a host that nobody knows', async () => {
  expect(await verdict('ray://no-such-host.invalid')).toMatch(/^to do address no host no-such-host.invalid is known/)
})

test('a port that nobody listens on', async () => {
  const unused = createServer()
  const port = await listen(unused)
  unused.close()
  await once(unused, 'close')
  expect(await verdict(`ray://127.0.0.1:${port}`)).toMatch(/^to do port nothing listens on 127.0.0.1:\d+: start Ray/)
})

test('a port that speaks HTTP', async () => {
  const port = await listen(createHttpServer((_, response) => response.end('hello')))
  const line = await verdict(`ray://127.0.0.1:${port}`)
  expect(line).toMatch(/^to do session what listens at 127.0.0.1:\d+ is no Ray client server/)
  expect(line).toContain('give the port of the client server')
})

test('a port that says nothing: there is an end to it', async () => {
  const port = await listen(createServer((socket) => onTestFinished(() => void socket.destroy())))
  const line = await verdict(`ray://127.0.0.1:${port}`, {}, 500)
  expect(line).toMatch(/^to do session .*(not done|said nothing) within/)
})

test('a token that is missing, wrong, or nowhere to be found', async () => {
  const { port } = await FakeCluster.start({ token: 'right' })
  const address = `ray://127.0.0.1:${port}`
  expect(await verdict(address)).toMatch(/^to do token .* demands a token: set RAY_AUTH_MODE=token/)
  const wrong = { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: 'wrong' }
  expect(await verdict(address, wrong)).toMatch(/^to do token .* refuses the authentication token.*: show the one that/)
  const nowhere = { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN_PATH: '/no/such/file' }
  expect(await verdict(address, nowhere)).toMatch(/^to do session cannot read \/no\/such\/file/)
})

test('TLS on one side only', async () => {
  expect(await verdict(await tlsCluster())).toMatch(/^to do TLS the port speaks TLS, and RAY_USE_TLS is not set/)
  const { port } = await FakeCluster.start()
  const line = await verdict(`ray://127.0.0.1:${port}`, { RAY_USE_TLS: '1' })
  expect(line).toBe('to do TLS RAY_USE_TLS is set, and the port speaks no TLS: unset it')
})

test('certificates that do not fit', async () => {
  const stranger = new Authority()
  onTestFinished(() => stranger.remove())
  const { certFile, keyFile } = authority.issue('127.0.0.1')
  const environment = {
    RAY_USE_TLS: '1',
    RAY_TLS_SERVER_CERT: certFile,
    RAY_TLS_SERVER_KEY: keyFile,
    RAY_TLS_CA_CERT: stranger.certFile,
  }
  const line = await verdict(await tlsCluster(), environment)
  expect(line).toMatch(/^to do TLS .* not signed by the given authority/)
  expect(line).toContain('RAY_TLS_CA_CERT must name')
})

test('a certificate of the cluster that has expired', async () => {
  const { cert, key } = authority.issue('127.0.0.1', { expired: true })
  const { port } = await FakeCluster.start({ tls: { cert, key } })
  const line = await verdict(`ray://127.0.0.1:${port}`, { RAY_USE_TLS: '1' })
  expect(line).toMatch(/^to do TLS the cluster's certificate expired on .* 2020/)
})
