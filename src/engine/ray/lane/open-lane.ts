import { RayError } from '../../../errors.ts'
import { type DirectAddress, directLanes } from './direct-lane.ts'
import { type Identity, newIdentity } from './hello.ts'
import type { LaneFactory, LaneKind } from './lane.ts'
import { ResumableTransport } from './resumable-transport.ts'
import { type Exchange, tunnelLanes } from './tunnel-lane.ts'

/** How to choose a lane: `auto` is direct where the agent's port can be reached, else the tunnel. */
export type LaneChoice = LaneKind | 'auto'

/** Milliseconds that `auto` gives the direct lane: on a network that has a way it takes a fraction of that. */
const directDeadline = 2_000

export interface OpenLaneOptions {
  readonly choice: LaneChoice
  /** Where the agent says it listens. */
  readonly address: DirectAddress
  /** The session's secret, 32 bytes as hex. */
  readonly token: string
  /** Carries the tunnel lane: `Bootstrap.exchange`. */
  readonly exchange: Exchange
  /** Milliseconds until the agent must have answered, for one lane. Default 10,000. */
  readonly deadline?: number | undefined
  readonly signal?: AbortSignal | undefined
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
  const { choice, address, exchange, deadline = 10_000, signal } = options
  // All attempts are one connection: what the agent may hold of one that did not get through belongs to the next.
  const identity = newIdentity(options.token)
  let notDirect: Error | undefined
  if (choice !== 'tunnel') {
    const limit = choice === 'auto' ? Math.min(directDeadline, deadline) : deadline
    try {
      return await open(directLanes(address), identity, limit, signal)
    } catch (error) {
      signal?.throwIfAborted()
      if (choice === 'direct') throw error
      notDirect = error as Error
    }
  }
  try {
    return { ...(await open(tunnelLanes(exchange), identity, deadline, signal)), notDirect }
  } catch (error) {
    signal?.throwIfAborted()
    if (notDirect === undefined) throw error
    const message = `neither lane leads to the agent: direct: ${notDirect.message}; tunnel: ${(error as Error).message}`
    throw new RayError(message, { cause: new AggregateError([notDirect, error]) })
  }
}

async function open(
  factory: LaneFactory,
  identity: Identity,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<OpenedLane> {
  const transport = await ResumableTransport.connect({ factory, identity, deadline, signal })
  return { transport, kind: factory.kind, notDirect: undefined }
}
