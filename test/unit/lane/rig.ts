import { newIdentity } from '../../../src/engine/ray/lane/hello.ts'
import type { LaneFactory } from '../../../src/engine/ray/lane/lane.ts'
import { ResumableTransport } from '../../../src/engine/ray/lane/resumable-transport.ts'
import type { Transport } from '../../../src/wire/transport.ts'
import { framesOf, token } from './agent-side.ts'

/** What came out of a transport. */
export interface Heard {
  /** In hex. */
  readonly frames: string[]
  /** Whether the transport has ended, and how. */
  closed: { readonly reason: Error | undefined } | undefined
}

export function connect(factory: LaneFactory, deadline = 5_000, gracePeriod?: number): Promise<ResumableTransport> {
  return ResumableTransport.connect({ factory, identity: newIdentity(token, gracePeriod), deadline })
}

export function listenTo(transport: Transport): Heard {
  // Read late, so that a chunk whose bytes are used again after it was handed over is found out.
  const chunks: Uint8Array[] = []
  const heard: Heard = {
    get frames() {
      return chunks.flatMap(framesOf)
    },
    closed: undefined,
  }
  transport.start({
    chunk: (bytes) => chunks.push(bytes),
    closed: (reason) => {
      if (heard.closed !== undefined) throw new Error('closed twice')
      heard.closed = { reason }
    },
  })
  return heard
}
