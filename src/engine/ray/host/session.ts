import type { SerializerRegistry } from '../../../codec/serializer-registry.ts'
import type { Clock } from '../../../core/clock.ts'
import type { HandleMakers } from '../../handle-makers.ts'
import type { CodeSource } from '../code/code-source.ts'
import { RayEngine } from '../engine.ts'
import { directLanes } from '../lane/direct-lane.ts'
import { newIdentity } from '../lane/hello.ts'
import type { LaneTls } from '../lane/open-lane.ts'
import { ResumableTransport } from '../lane/resumable-transport.ts'
import type { HostStart } from './parent.ts'

/** Milliseconds for reaching the agent, which is on the same machine. */
const deadline = 10_000
/**
 * Milliseconds for which the hub and other actors keep what this process had when it can not be reached: within a cluster, that means that it has
 * ended, and what it held is wanted elsewhere.
 */
const grace = 2_000
/** Messages of more encoded bytes than that go by reference. */
const largeMessage = 100 * 1024

export interface SessionOptions {
  readonly handleMakers: HandleMakers
  readonly serializers: SerializerRegistry
  readonly clock: Clock
  readonly code: CodeSource
}

/**
 * Begins the session of a Node child with the agent in its parent, which nobody has to start, or to end.
 *
 * @param tlsFor how to speak to another process of the cluster
 * @throws RayError when the agent can not be reached, or refuses
 */
export async function startSession(
  { host, port, token, tls }: HostStart['agent'],
  tlsFor: (peer: { readonly tls: boolean }) => LaneTls,
  { handleMakers: makers, serializers, clock, code }: SessionOptions,
): Promise<RayEngine> {
  const factory = directLanes({ host, port, tls: tlsFor({ tls }) })
  const transport = await ResumableTransport.connect({ factory, identity: newIdentity(token), deadline })
  return RayEngine.start(transport, {
    makers,
    serializers,
    clock,
    imports: [],
    lane: { lane: 'direct', notDirect: undefined },
    hubLanes: {
      choice: 'auto',
      reachedAt: async (hub) => ({ host: hub.host, port: hub.port, tls: tlsFor(hub) }),
      gracePeriod: grace,
    },
    largeMessage,
    code: () => code,
    end: async () => {},
  })
}
