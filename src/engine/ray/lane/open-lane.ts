import { RayError } from '../../../errors.ts'
import { type DirectAddress, directLanes } from './direct-lane.ts'
import { SilentPeerError } from './handshake.ts'
import { type Identity, newIdentity } from './hello.ts'
import type { Lane, LaneFactory, LaneKind } from './lane.ts'
import { ResumableTransport } from './resumable-transport.ts'

/** How to choose a lane: `auto` is direct where the port can be reached, else the tunnel. */
export type LaneChoice = 'direct' | 'tunnel' | 'auto'

/** Certificates and names to check; undefined for a port that does not speak TLS. */
export type LaneTls = DirectAddress['tls']

/** Milliseconds that `auto` gives the direct lane: on a network that has a way it takes a fraction of that. */
const directDeadline = 2_000

export interface OpenLaneOptions {
  readonly choice: LaneChoice
  /** Where the agent says it listens. */
  readonly address: DirectAddress
  /** The session's secret, 32 bytes as hex. */
  readonly token: string
  /** The way where there is no direct one. */
  readonly otherwise: LaneFactory
  /** Milliseconds until the agent must have answered, for one lane. Default 10,000. */
  readonly deadline?: number | undefined
  /** Milliseconds for which the connection is kept when it is lost, in whole seconds, a second to an hour; undefined: 30 s. */
  readonly gracePeriod?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Called when the connection was lost and a way back was not found; others are tried. Somebody may know that they are in vain. */
  readonly onUnreachable?: (() => void) | undefined
  /** The other side may be busy for long: see `DiallingOptions`. */
  readonly onSilent?: (() => void) | undefined
}

/** A connection to the agent, not started yet. Whoever has it must start or close it. */
export interface OpenedLane {
  readonly transport: ResumableTransport
  readonly kind: LaneKind
  /** Why the direct lane was not taken, where it was tried. */
  readonly notDirect: Error | undefined
}

/**
 * Connects to the agent. The choice is made once: later lanes of the same connection are of the same kind.
 *
 * @throws {RayError} why there is no connection
 * @throws the signal's reason once it aborts
 */
export async function openLane(options: OpenLaneOptions): Promise<OpenedLane> {
  const { choice, address, otherwise, deadline = 10_000, signal } = options
  // All attempts are one connection: what the agent may hold of one that did not get through belongs to the next.
  const identity = newIdentity(options.token, options.gracePeriod)
  let notDirect: Error | undefined
  if (choice !== 'tunnel') {
    const limit = choice === 'auto' ? Math.min(directDeadline, deadline) : deadline
    try {
      return await open(directLanes(address), identity, limit, options)
    } catch (error) {
      signal?.throwIfAborted()
      // Who is busy is as busy on any other lane.
      if (choice === 'direct' || (options.onSilent !== undefined && error instanceof SilentPeerError)) throw error
      notDirect = error as Error
    }
  }
  try {
    return { ...(await open(otherwise, identity, deadline, options)), notDirect }
  } catch (error) {
    signal?.throwIfAborted()
    if (notDirect === undefined) throw error
    const message = `neither lane leads to the agent: direct: ${notDirect.message}; ${otherwise.kind}: ${(error as Error).message}`
    throw new RayError(message, { cause: new AggregateError([notDirect, error]) })
  }
}

async function open(
  lanes: LaneFactory,
  identity: Identity,
  deadline: number,
  { signal, onUnreachable, onSilent }: OpenLaneOptions,
): Promise<OpenedLane> {
  const factory = onUnreachable === undefined ? lanes : watched(lanes, onUnreachable)
  const transport = await ResumableTransport.connect({ factory, identity, deadline, signal, onSilent })
  return { transport, kind: factory.kind, notDirect: undefined }
}

/** Tells when a lane can not be opened though there has been one. */
function watched(lanes: LaneFactory, onUnreachable: () => void): LaneFactory {
  let wasOpen = false
  return {
    kind: lanes.kind,
    async open(signal): Promise<Lane> {
      try {
        const lane = await lanes.open(signal)
        wasOpen = true
        return lane
      } catch (error) {
        if (wasOpen) onUnreachable()
        throw error
      }
    },
  }
}
