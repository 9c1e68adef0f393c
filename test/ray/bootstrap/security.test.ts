import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RayError } from '../../../src/errors.ts'
import { ownCluster } from '../../support/ray/own-cluster.ts'
import { rayBefore } from '../../support/ray/ray-before.ts'
import { rejection } from '../../support/rejection.ts'
import { tlsHead } from './support/secured-head.ts'
import { connect, echoAgent, settingsOf } from './support/session.ts'

async function failure(pending: Promise<unknown>): Promise<string> {
  const error = await rejection(pending)
  expect(error).toBeInstanceOf(RayError)
  return (error as Error).message
}

// The first Ray that knows tokens is 2.52.
test.skipIf(rayBefore('2.52'))('a cluster that demands a token', async () => {
  const token = randomBytes(32).toString('hex')
  const environment = { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: token }
  const { address } = await ownCluster({ env: environment })
  const bootstrap = await connect(address, { environment })
  await bootstrap.startAgent(settingsOf(echoAgent), 'session')
  await bootstrap.startAgent(settingsOf(echoAgent), 'actor')
  await bootstrap.upload('gcs://_ray_pkg_0123.zip', new Uint8Array(10))
  await bootstrap.close()

  const home = mkdtempSync(join(tmpdir(), 'klaw-token-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  writeFileSync(join(home, 'token'), `${token}\n`)
  await connect(address, { environment: { RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN_PATH: join(home, 'token') } })

  expect(await failure(connect(address))).toMatch(/demands a token: set RAY_AUTH_MODE=token/)
  const wrong = { authToken: randomBytes(32).toString('hex') }
  expect(await failure(connect(address, wrong))).toMatch(/refuses the authentication token/)
})

test('a cluster that speaks TLS', async () => {
  const { address, environment, authority } = await tlsHead()
  const bootstrap = await connect(address, { environment })
  await bootstrap.startAgent(settingsOf(echoAgent), 'session')
  await bootstrap.startAgent(settingsOf(echoAgent), 'actor')
  expect(await bootstrap.exchange(1, new Uint8Array([1, 2]), false)).toEqual(new Uint8Array([1, 2]))
  await bootstrap.close()

  expect(await failure(connect(address))).toMatch(/perhaps the port speaks TLS/)
  const { cert, key } = authority.issue('127.0.0.1')
  await connect(address, { tls: { ca: authority.cert, cert, key } })
  expect(await failure(connect(address, { tls: { ca: authority.cert } }))).toMatch(/certificate/)
  expect(await failure(connect(address, { tls: { ca: cert, cert, key } }))).toMatch(/not signed by the given authority/)
  const expired = authority.issue('127.0.0.1', { expired: true })
  const old = { ca: authority.cert, cert: expired.cert, key: expired.key }
  expect(await failure(connect(address, { tls: old }))).toMatch(/certificate/)
})
