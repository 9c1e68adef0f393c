import type { TlsOptions } from 'node:tls'
import { RayError } from '../../../errors.ts'
import { type Environment, findCredentials } from '../bootstrap/credentials.ts'
import type { LaneTls } from '../lane/open-lane.ts'

/** How this process speaks TLS with others of its cluster. */
export interface ClusterTls {
  /** For connections to others: their certificates are checked, and ours is shown. */
  readonly toOthers: NonNullable<LaneTls>
  /** For others to connect: they need a certificate of the cluster's. */
  readonly fromOthers: TlsOptions
}

/**
 * By Ray's variables of the environment; undefined where the cluster does without.
 *
 * @throws RayError when a variable is missing, or a file can not be read
 */
export async function clusterTls(environment: Environment): Promise<ClusterTls | undefined> {
  const { tls } = await findCredentials({ authToken: false }, environment)
  if (tls === undefined) return undefined
  const { ca, cert, key } = tls
  const text = (part: string | Uint8Array | undefined) => (part === undefined ? undefined : Buffer.from(part))
  const material = { ca: text(ca), cert: text(cert), key: text(key) }
  return {
    toOthers: material,
    fromOthers: { ...material, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
  }
}

/** For a lane to another process of the cluster, which says whether it speaks TLS. */
export function tlsToward(peer: { readonly tls: boolean }, tls: ClusterTls | undefined): LaneTls {
  if (!peer.tls) return undefined
  if (tls !== undefined) return tls.toOthers
  throw new RayError('the processes of the cluster speak TLS to each other, but RAY_USE_TLS is not set here')
}
