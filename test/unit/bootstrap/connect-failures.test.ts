import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { RayClientOptions } from '../../../src/engine/ray/bootstrap/ray-client-bootstrap.ts'
import { RayError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { Authority } from './support/certificates.ts'
import { connect } from './support/connect.ts'
import { FakeCluster } from './support/fake-cluster.ts'

const authority = new Authority()
const server = authority.issue('127.0.0.1')
const client = authority.issue('127.0.0.1')
afterAll(() => authority.remove())

const serverTls = {
  cert: server.cert,
  key: server.key,
  ca: authority.cert,
  requestCert: true,
  rejectUnauthorized: true,
}
const clientTls = { ca: authority.cert, cert: client.cert, key: client.key }

async function failure(port: number, options: Partial<RayClientOptions> = {}): Promise<string> {
  const error = await rejection(connect(port, options))
  expect(error).toBeInstanceOf(RayError)
  return (error as Error).message
}

async function listen(other: Server): Promise<number> {
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  onTestFinished(() => void other.close())
  return (other.address() as AddressInfo).port
}

test('a host that nobody knows', async () => {
  expect(await failure(10001, { host: 'no-such-host.invalid' })).toMatch(
    /no address is known for the host no-such-host/,
  )
})

test('a port that nobody listens on', async () => {
  const unused = createServer()
  const port = await listen(unused)
  unused.close()
  await once(unused, 'close')
  expect(await failure(port)).toBe(`cannot connect to 127.0.0.1:${port}: nothing listens on that port (ECONNREFUSED)`)
})

test('a port that speaks HTTP/1', async () => {
  const port = await listen(createHttpServer((_, response) => response.end('hello')))
  expect(await failure(port)).toMatch(/is no Ray client server: it does not speak gRPC/)
})

test('a port that speaks HTTP/2, and no gRPC', async () => {
  const other = createHttp2Server((_, response) => response.writeHead(404).end())
  expect(await failure(await listen(other))).toMatch(/is no Ray client server/)
})

test('a port that says something else', async () => {
  const port = await listen(
    createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .write('SSH-2.0-OpenSSH_9.9\r\n'),
    ),
  )
  expect(await failure(port)).toMatch(/does not speak gRPC/)
})

test('a port that says nothing', async () => {
  const sockets = createServer((socket) => onTestFinished(() => void socket.destroy()))
  const start = performance.now()
  const message = await failure(await listen(sockets), { timeouts: { connect: 300 } })
  expect(message).toMatch(/said nothing within 300 ms/)
  expect(performance.now() - start).toBeLessThan(5_000)
})

test('a port that closes at once', async () => {
  expect(
    await failure(
      await listen(
        createServer(
          (socket) =>
            void socket
              .on('error', () => {})
              .resume()
              .end(),
        ),
      ),
    ),
  ).toMatch(/does not speak gRPC/)
})

test('a token that is missing, or wrong', async () => {
  const cluster = await FakeCluster.start({ token: 'right' })
  expect(await failure(cluster.port)).toMatch(/demands a token: set RAY_AUTH_MODE=token/)
  expect(await failure(cluster.port, { authToken: 'wrong' })).toMatch(/refuses the authentication token/)
  const environment = { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: 'right' }
  await connect(cluster.port, { environment })
  expect(await failure(cluster.port, { environment, authToken: 'wrong' })).toMatch(/refuses the authentication token/)
})

test('mutual TLS, and what goes wrong with it', async () => {
  const cluster = await FakeCluster.start({ tls: serverTls })
  await connect(cluster.port, { tls: clientTls })
  expect(await failure(cluster.port)).toMatch(/perhaps the port speaks TLS/)
  expect(await failure(cluster.port, { tls: { ca: authority.cert } })).toMatch(/certificate/)
  const stranger = new Authority()
  onTestFinished(() => stranger.remove())
  expect(await failure(cluster.port, { tls: { ...clientTls, ca: stranger.cert } })).toMatch(
    /not signed by the given authority/,
  )
  const unknown = stranger.issue('127.0.0.1')
  const withUnknown = { ca: authority.cert, cert: unknown.cert, key: unknown.key }
  expect(await failure(cluster.port, { tls: withUnknown })).toMatch(/certificate/)
  expect(await failure(cluster.port, { tls: { ca: 'no certificate', cert: 'x', key: 'y' } })).toMatch(/cannot connect/)
})

test('TLS against a port that speaks none', async () => {
  const cluster = await FakeCluster.start()
  expect(await failure(cluster.port, { tls: clientTls })).toMatch(/perhaps the port speaks no TLS/)
})

test("a cluster's certificate that has expired, or is for another host", async () => {
  const expired = authority.issue('127.0.0.1', { expired: true })
  const old = await FakeCluster.start({ tls: { ...serverTls, cert: expired.cert, key: expired.key } })
  expect(await failure(old.port, { tls: clientTls })).toMatch(/certificate has expired/)
  const other = authority.issue('127.9.9.9')
  const elsewhere = await FakeCluster.start({ tls: { ...serverTls, cert: other.cert, key: other.key } })
  expect(await failure(elsewhere.port, { tls: clientTls })).toMatch(/certificate is for another host/)
})

test('a cluster that refuses the session', async () => {
  const cluster = await FakeCluster.start({
    init: { refuse: 'Traceback\nRuntimeError: Starting Ray client server failed.' },
  })
  expect(await failure(cluster.port)).toMatch(
    /refuses the session: Traceback\nRuntimeError: Starting Ray client server/,
  )
})

test('a cluster that never sets the session up', async () => {
  const cluster = await FakeCluster.start({ init: 'never' })
  expect(await failure(cluster.port, { timeouts: { session: 200 } })).toMatch(/did not set up a session within 200 ms/)
})

test('a cluster that answers the first call and nothing else, not even that it has got one', async () => {
  const mute = createHttp2Server()
  mute.on('stream', (stream, headers) => {
    if (headers[':path']?.endsWith('/ClusterInfo') !== true) return
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    // A message without a field.
    stream.end(Buffer.alloc(5))
  })
  const timeouts = { session: 200, close: 100 }
  expect(await failure(await listen(mute), { timeouts })).toMatch(/did not set up a session within 200 ms/)
})

test('a cluster that ends while the session is set up', async () => {
  const cluster = await FakeCluster.start({ init: 'cut' })
  expect(await failure(cluster.port)).toMatch(/broke while it was being set up/)
})

test('a cluster that is too old, and one from the future', async () => {
  const old = await FakeCluster.start({ rayVersion: '2.8.1' })
  expect(await failure(old.port)).toBe('the cluster runs Ray 2.8.1: klaw needs 2.9 or newer')
  const strange = await FakeCluster.start({ rayVersion: 'unknown' })
  expect(await failure(strange.port)).toMatch(/which is none/)
  const future = await FakeCluster.start({ rayVersion: '3.0.0.dev0' })
  expect((await connect(future.port)).versions.ray).toBe('3.0.0.dev0')
})
