import { afterAll, beforeAll, expect, test } from 'vitest'
import { rejection } from '../../../support/rejection.ts'
import { Authority, type Certificate } from '../../bootstrap/support/certificates.ts'
import { frameOf, framesOf } from '../agent-side.ts'
import { listenTo } from '../rig.ts'
import { dial, everything, ListeningSide, rawSocket, until } from './rig.ts'

let authority: Authority
let server: Certificate
let client: Certificate

beforeAll(() => {
  authority = new Authority()
  server = authority.issue('127.0.0.1')
  client = authority.issue('127.0.0.1')
})

afterAll(() => authority.remove())

function start(patience = 5_000): Promise<ListeningSide> {
  const { cert, key } = server
  const tls = { ca: authority.cert, cert, key, requestCert: true, rejectUnauthorized: true }
  return ListeningSide.start({ patience }, tls)
}

test('a caller with a certificate of the cluster is welcomed', async () => {
  await using side = await start()
  const caller = await dial(side.port, { tls: { ca: authority.cert, cert: client.cert, key: client.key } })
  const heard = listenTo(caller)
  caller.post(frameOf(0x40, 300_000, 1))
  await until(() => side.heard[0]?.frames.length === 1)
  side.transports[0]?.post(frameOf(0x41, 300_000, 2))
  await until(() => heard.frames.length === 1)
  expect(heard.frames).toEqual(framesOf(frameOf(0x41, 300_000, 2)))
  expect([side.listener.unknown, side.log]).toEqual([0, []])
  caller.close()
})

test('one without does not get as far as the hello, nor does one that speaks without TLS', async () => {
  await using side = await start()
  await rejection(dial(side.port, { tls: { ca: authority.cert } }))
  await until(() => side.log.length === 1)
  expect(side.log[0]).toContain('a caller did not get through TLS')
  await rejection(dial(side.port))
  await until(() => side.listener.unknown === 0)
  expect([side.transports.length, side.log.length]).toEqual([0, 1])
})

test('one that says nothing is closed after a while', async () => {
  await using side = await start(50)
  const socket = await rawSocket(side.port)
  await until(() => side.listener.unknown === 1)
  await everything(socket)
  await until(() => side.listener.unknown === 0)
})
