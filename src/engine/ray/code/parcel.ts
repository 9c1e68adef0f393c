import { createHash } from 'node:crypto'

/** A folder of files that the cluster keeps under the hash of what is in them. */
export interface Parcel {
  /** SHA-256, in hex. */
  readonly hash: string
  /** Their bytes, by their path in the folder, with `/` between its parts. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export function makeParcel(files: ReadonlyMap<string, Uint8Array>): Parcel {
  return { hash: hashOf(files), files }
}

/** As docs/gateway.md says, and python/klaw_agent/host/parcels.py does. */
function hashOf(files: ReadonlyMap<string, Uint8Array>): string {
  const hash = createHash('sha256')
  const add = (bytes: Uint8Array) => {
    const length = Buffer.alloc(8)
    length.writeBigUInt64BE(BigInt(bytes.byteLength))
    hash.update(length).update(bytes)
  }
  const sorted = [...files].map(([path, bytes]) => [Buffer.from(path), bytes] as const)
  sorted.sort(([one], [other]) => Buffer.compare(one, other))
  for (const [path, bytes] of sorted) {
    add(path)
    add(bytes)
  }
  return hash.digest('hex')
}
