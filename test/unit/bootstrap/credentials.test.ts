import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findCredentials } from '../../../src/engine/ray/bootstrap/credentials.ts'
import { RayError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'

const home = mkdtempSync(join(tmpdir(), 'klaw-credentials-'))
const file = (name: string, text: string) => {
  writeFileSync(join(home, name), text)
  return join(home, name)
}
afterAll(() => rmSync(home, { recursive: true }))

const none = { tls: undefined, authToken: undefined }

test('nothing is used that is not asked for', async () => {
  expect(await findCredentials({}, {})).toEqual(none)
  expect(await findCredentials({}, { RAY_USE_TLS: '0', RAY_AUTH_MODE: 'disabled', RAY_AUTH_TOKEN: 't' })).toEqual(none)
  expect(await findCredentials({}, { RAY_AUTH_TOKEN: 't', HOME: home })).toEqual(none)
})

test("the token is Ray's: of the variable, of the named file, of the home folder", async () => {
  const mode = { RAY_AUTH_MODE: 'token', HOME: home }
  const path = file('token', ' from-path\n')
  mkdirSync(join(home, '.ray'))
  file('.ray/auth_token', 'from-home\n')
  const both = { ...mode, RAY_AUTH_TOKEN: 'from-variable', RAY_AUTH_TOKEN_PATH: path }
  expect((await findCredentials({}, both)).authToken).toBe('from-variable')
  expect((await findCredentials({}, { ...mode, RAY_AUTH_TOKEN_PATH: path })).authToken).toBe('from-path')
  expect((await findCredentials({}, mode)).authToken).toBe('from-home')
  expect((await findCredentials({ authToken: 'given' }, both)).authToken).toBe('given')
  expect((await findCredentials({ authToken: false }, both)).authToken).toBeUndefined()
})

test('the certificates are those of the named files', async () => {
  const environment = {
    RAY_USE_TLS: 'True',
    RAY_TLS_SERVER_CERT: file('cert', 'c'),
    RAY_TLS_SERVER_KEY: file('key', 'k'),
    RAY_TLS_CA_CERT: file('ca', 'a'),
  }
  expect((await findCredentials({}, environment)).tls).toEqual({ cert: 'c', key: 'k', ca: 'a' })
  expect((await findCredentials({ tls: { ca: 'mine' } }, environment)).tls).toEqual({ ca: 'mine' })
  expect((await findCredentials({ tls: false }, environment)).tls).toBeUndefined()
})

test('what is asked for and not there is an error that names it', async () => {
  const message = async (environment: Record<string, string>) => {
    const error = await rejection(findCredentials({}, environment))
    expect(error).toBeInstanceOf(RayError)
    return (error as Error).message
  }
  const missing = join(home, 'missing')
  expect(await message({ RAY_USE_TLS: '1' })).toMatch(/RAY_TLS_SERVER_CERT is not/)
  const files = { RAY_TLS_SERVER_CERT: missing, RAY_TLS_SERVER_KEY: missing, RAY_TLS_CA_CERT: missing }
  expect(await message({ RAY_USE_TLS: '1', ...files })).toMatch(/cannot read .*missing, which RAY_TLS_/)
  expect(await message({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN_PATH: missing })).toMatch(/RAY_AUTH_TOKEN_PATH names/)
  expect(await message({ RAY_AUTH_MODE: 'token', HOME: missing })).toMatch(/there is none: set RAY_AUTH_TOKEN/)
  expect(await message({ RAY_AUTH_MODE: 'token', RAY_AUTH_TOKEN: 'two\nlines' })).toMatch(
    /characters that a header can not/,
  )
})
