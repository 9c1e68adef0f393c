import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { connect, type RayConnectOptions, RayError } from '@klaw/core'
import { afterAll, expect, inject, onTestFinished, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Authority } from '../../unit/bootstrap/support/certificates.ts'
import { FakeCluster } from '../../unit/bootstrap/support/fake-cluster.ts'

const authority = new Authority()
afterAll(() => authority.remove())

/** What `connect()` says; it must say it before `timeout`, give or take what a busy machine takes. */
async function refusal(where: number | string, options: RayConnectOptions = {}): Promise<string> {
  const timeout = options.timeout ?? 10_000
  const start = performance.now()
  const address = typeof where === 'number' ? `127.0.0.1:${where}` : where
  const error = await rejection(connect(`ray://${address}`, { timeout, ...options }))
  expect(performance.now() - start).toBeLessThan(timeout + 5_000)
  expect(error).toBeInstanceOf(RayError)
  return (error as Error).message
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('a host that nobody knows, a port that nobody listens on, one that speaks something else', async () => {
  expect(await refusal('no-such-host.invalid:10001')).toMatch(/no address is known for the host no-such-host/)
  const unused = createServer()
  const port = await listen(unused)
  unused.close()
  expect(await refusal(port)).toMatch(/127\.0\.0\.1:\d+: nothing listens on that port/)
  const greeter = createServer(
    (socket) =>
      void socket
        .on('error', () => {})
        .resume()
        .end('220 mail.example ESMTP\r\n'),
  )
  expect(await refusal(await listen(greeter))).toMatch(/does not speak gRPC/)
  // Ray's own other port, which people mix up with it.
  expect(await refusal(inject('rayGcsAddress'))).toMatch(/is no Ray client server/)
})

test('a port that says nothing, and a cluster that gets stuck, take as long as `timeout` says', async () => {
  const mute = createServer((socket) => onTestFinished(() => void socket.destroy()))
  expect(await refusal(await listen(mute), { timeout: 300 })).toMatch(/300 ms/)
  const stuck = await FakeCluster.start({ init: 'never' })
  expect(await refusal(stuck.port, { timeout: 300 })).toMatch(/300 ms/)
  // One that is fine, and slower than that: nothing is left of the attempt.
  expect(await refusal(inject('rayAddress').replace('ray://', ''), { timeout: 40 })).toMatch(/within \d+ ms/)
})

test('a token that is missing or wrong, a cluster that is too old', async () => {
  const guarded = await FakeCluster.start({ token: 'right' })
  expect(await refusal(guarded.port)).toMatch(/demands a token: set RAY_AUTH_MODE=token/)
  expect(await refusal(guarded.port, { authToken: 'wrong' })).toMatch(/refuses the authentication token/)
  const old = await FakeCluster.start({ rayVersion: '2.8.1' })
  expect(await refusal(old.port)).toBe('the cluster runs Ray 2.8.1: klaw needs 2.9 or newer')
})

test('certificates that have expired, on either side', async () => {
  const [fresh, expired] = [authority.issue('127.0.0.1'), authority.issue('127.0.0.1', { expired: true })]
  const demands = { ca: authority.cert, requestCert: true, rejectUnauthorized: true }
  const ours = { ca: authority.cert, cert: fresh.cert, key: fresh.key }
  const old = await FakeCluster.start({ tls: { ...demands, cert: expired.cert, key: expired.key } })
  expect(await refusal(old.port, { tls: ours })).toMatch(/certificate has expired/)
  const strict = await FakeCluster.start({ tls: { ...demands, cert: fresh.cert, key: fresh.key } })
  const theirs = { ca: authority.cert, cert: expired.cert, key: expired.key }
  expect(await refusal(strict.port, { tls: theirs })).toMatch(/certificate/)
  expect(await refusal(strict.port)).toMatch(/perhaps the port speaks TLS/)
})

test('an agent that can not be reached, and an address for it that is none', async () => {
  const address = inject('rayAddress').replace('ray://', '')
  const unused = createServer()
  const port = await listen(unused)
  unused.close()
  const elsewhere = { agentAddress: () => ({ host: '127.0.0.1', port }), lane: 'direct' } as const
  expect(await refusal(address, { ...elsewhere, timeout: 60_000 })).toMatch(
    `the agent at 127.0.0.1:${port} can not be reached`,
  )
  const error = await rejection(connect(`ray://${address}`, { agentAddress: () => ({ host: '', port: 1 }) }))
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).message).toBe("'agentAddress' must return { host, port }, got { host: '', port: 1 }")
})
