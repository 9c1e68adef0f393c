import { afterAll, expect, test } from 'vitest'
import { attachedChild, Caller, Child } from '../../support/ray-host/child.ts'
import { FakeParent } from '../../support/ray-host/fake-agent.ts'
import { Authority } from '../../unit/bootstrap/support/certificates.ts'

const authority = new Authority()

afterAll(() => authority.remove())

test('where the cluster speaks TLS, a child does with its agent and with its callers', async () => {
  const own = authority.issue('127.0.0.1')
  const environment = {
    RAY_USE_TLS: '1',
    RAY_TLS_SERVER_CERT: own.certFile,
    RAY_TLS_SERVER_KEY: own.keyFile,
    RAY_TLS_CA_CERT: authority.certFile,
  }
  const material = { ca: authority.cert, cert: own.cert, key: own.key }
  await using parent = await FakeParent.start({ ...material, requestCert: true, rejectUnauthorized: true })
  const { child, attached } = await attachedChild(parent, environment)
  expect(attached.tls).toBe(true)
  const caller = await Caller.dial(attached, material)
  expect(await caller.call('add')).toMatchObject({ flags: expect.any(Number) })
  caller.close()
  await child[Symbol.asyncDispose]()

  await using other = new Child()
  other.tell(parent.start)
  expect(await other.exit).toMatchObject({ code: 1 })
  expect(other.stderr).toContain('the processes of the cluster speak TLS to each other')
})
