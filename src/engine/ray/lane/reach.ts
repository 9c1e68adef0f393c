import type { DirectAddress } from './direct-lane.ts'
import { SilentPeerError } from './handshake.ts'
import { type LaneChoice, openLane } from './open-lane.ts'
import { type RelaySession, relayLanes } from './relay-lane.ts'
import type { ResumableTransport } from './resumable-transport.ts'

/** Where a process of the cluster listens for others. */
export interface ProcessAddress {
  readonly host: string
  readonly port: number
  /** 32 bytes as hex. */
  readonly token: string
  readonly tls: boolean
}

/** What the process is: the hub that keeps the cluster's channels, or that of an actor in TypeScript. */
export type ProcessRole = 'hub' | 'actor'

/** How to reach processes of the cluster other than the session's agent. */
export interface ClusterLanes {
  /** `tunnel`: through the session's agent only. */
  readonly choice: LaneChoice
  /** Where to connect to, and how, for a direct lane. */
  readonly reachedAt: (process: ProcessAddress, role: ProcessRole) => Promise<DirectAddress>
  /** Milliseconds that a lost connection is kept. */
  readonly gracePeriod: number | undefined
}

/** Milliseconds for one attempt to reach a process. */
const deadline = 10_000
/**
 * Milliseconds in which another process may have answered through the hub. Not for actors, nor for the session's agent: what answers there is work to be
 * done, for which the processor is better left to others. Nor through a tunnel, which takes Ray's client server and the agent to carry.
 */
const hubAwakeTime = 0.25

/**
 * Connects to a process of the cluster: directly, else through the session's agent. That of an actor runs its methods, and may be busy with one for any time:
 * its silence is waited out for as long as somebody listens at its port, which nobody does when it has ended.
 *
 * @param onUnreachable called when the connection was lost and a way back was not found, or an actor is silent; others are tried
 * @throws {RayError} why there is no connection
 */
export async function reach(
  session: RelaySession,
  lanes: ClusterLanes,
  process: ProcessAddress,
  role: ProcessRole,
  onUnreachable: () => void,
): Promise<ResumableTransport> {
  const { host, port, token, tls } = process
  const { choice, gracePeriod } = lanes
  const mayBeBusy = role === 'actor'
  const address = choice === 'tunnel' ? { host, port } : await lanes.reachedAt(process, role)
  const controller = new AbortController()
  const stopListening = session.connection.onLost((error) => controller.abort(error))
  try {
    for (;;) {
      try {
        const { transport } = await openLane({
          choice,
          address,
          token,
          otherwise: relayLanes(session, { host, port, tls }),
          deadline,
          gracePeriod,
          signal: controller.signal,
          onUnreachable,
          onSilent: mayBeBusy ? onUnreachable : undefined,
        })
        if (role === 'hub' && transport.lane === 'direct') transport.awakeTime = hubAwakeTime
        return transport
      } catch (error) {
        if (!mayBeBusy || !(error instanceof SilentPeerError)) throw error
      }
    }
  } finally {
    stopListening()
  }
}
