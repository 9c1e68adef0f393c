import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { RayError } from '../../../errors.ts'

/** Certificates in PEM. Ray demands the client's own as well (mutual TLS). */
export interface TlsMaterial {
  readonly ca: string | Uint8Array
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
}

/** What the client shows the cluster. Whatever is left out comes from Ray's environment variables. */
export interface CredentialOptions {
  /** `false`: plaintext, whatever `RAY_USE_TLS` says. */
  readonly tls?: TlsMaterial | false | undefined
  /** `false`: none, whatever `RAY_AUTH_MODE` says. */
  readonly authToken?: string | false | undefined
}

export interface Credentials {
  readonly tls: TlsMaterial | undefined
  readonly authToken: string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Finds the credentials as Ray's own client does: `RAY_USE_TLS` with `RAY_TLS_SERVER_CERT`, `RAY_TLS_SERVER_KEY` and `RAY_TLS_CA_CERT`;
 * with `RAY_AUTH_MODE=token` the token of `RAY_AUTH_TOKEN`, of the file `RAY_AUTH_TOKEN_PATH`, or of `~/.ray/auth_token`.
 *
 * @throws {RayError} when something is asked for and not there
 */
export async function findCredentials(options: CredentialOptions, environment: Environment): Promise<Credentials> {
  const [tls, authToken] = await Promise.all([
    options.tls === undefined ? tlsFrom(environment) : options.tls === false ? undefined : options.tls,
    options.authToken === undefined
      ? tokenFrom(environment)
      : options.authToken === false
        ? undefined
        : options.authToken,
  ])
  // A token goes into a header: a line break in it would be an error far from its cause.
  if (authToken !== undefined && !/^[\x21-\x7e]+$/.test(authToken)) {
    throw new RayError('the authentication token is empty, or holds characters that a header can not')
  }
  return { tls, authToken }
}

async function tlsFrom(environment: Environment): Promise<TlsMaterial | undefined> {
  if (!['1', 'true'].includes((environment.RAY_USE_TLS ?? '0').toLowerCase())) return undefined
  const [cert, key, ca] = await Promise.all(
    ['RAY_TLS_SERVER_CERT', 'RAY_TLS_SERVER_KEY', 'RAY_TLS_CA_CERT'].map(async (name) => {
      const path = environment[name]
      if (path === undefined) {
        throw new RayError(
          `RAY_USE_TLS is set, and ${name} is not: RAY_TLS_SERVER_CERT, RAY_TLS_SERVER_KEY and RAY_TLS_CA_CERT must name files`,
        )
      }
      return readNamed(path, name)
    }),
  )
  return { cert, key, ca: ca as string }
}

async function tokenFrom(environment: Environment): Promise<string | undefined> {
  if (environment.RAY_AUTH_MODE?.toLowerCase() !== 'token') return undefined
  const given = environment.RAY_AUTH_TOKEN?.trim()
  if (given !== undefined && given !== '') return given
  const path = environment.RAY_AUTH_TOKEN_PATH
  if (path !== undefined && path !== '') return (await readNamed(path, 'RAY_AUTH_TOKEN_PATH')).trim()
  const usual = join(environment.HOME ?? homedir(), '.ray', 'auth_token')
  try {
    return (await readFile(usual, 'utf8')).trim()
  } catch (error) {
    throw new RayError(
      `RAY_AUTH_MODE is token, and there is none: set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, or put it into ${usual}`,
      { cause: error },
    )
  }
}

async function readNamed(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new RayError(`cannot read ${path}, which ${name} names: ${(error as Error).message}`, { cause: error })
  }
}
