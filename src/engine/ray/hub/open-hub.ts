import { RayError } from '../../../errors.ts'
import type { RayClient } from '../client.ts'
import { type LaneChoice, type LaneTls, openLane } from '../lane/open-lane.ts'
import type { ResumableTransport } from '../lane/resumable-transport.ts'
import { relayLanes } from './relay-lane.ts'

/** What the agent says about the cluster's hub. */
export interface HubAddress {
  readonly host: string
  readonly port: number
  /** 32 bytes as hex. */
  readonly token: string
  readonly tls: boolean
  /** Which process it is; another one knows nothing of what this one held. */
  readonly instance: string
}

/** How to reach hubs. */
export interface HubLanes {
  /** `tunnel`: through the session's agent only. */
  readonly choice: LaneChoice
  /** Where to connect to, and how, for a direct lane. */
  readonly reachedAt: (
    hub: HubAddress,
  ) => Promise<{ readonly host: string; readonly port: number; readonly tls: LaneTls }>
  /** Milliseconds that a lost connection is kept. */
  readonly gracePeriod: number | undefined
}

/** Milliseconds for one attempt to reach the hub. */
const deadline = 10_000

/**
 * Connects to the cluster's hub, which is started if there is none: directly, else through the session's agent.
 *
 * @param gone called at most once, when the connection is lost for good since the cluster has another hub by now
 * @throws {RayError} why there is no connection
 */
export async function openHub(
  session: RayClient,
  lanes: HubLanes,
  gone: (error: Error) => void,
): Promise<ResumableTransport> {
  const { connection } = session
  // Whoever waits for the hub waits for this too.
  const hub = (await connection.request('hub.find')) as HubAddress
  const { host, port, token, tls } = hub
  const direct = lanes.choice === 'tunnel' ? { host, port, tls: undefined } : await lanes.reachedAt(hub)
  const { transport } = await openLane({
    choice: lanes.choice,
    address: direct,
    token,
    otherwise: relayLanes(session, { host, port, tls }),
    deadline,
    gracePeriod: lanes.gracePeriod,
    onUnreachable: succession(session, hub, gone),
  })
  return transport
}

/** Asks whether another hub has taken the place of this one. Otherwise whoever holds a channel would hear of it when the grace period is over. */
function succession({ connection }: RayClient, hub: HubAddress, gone: (error: Error) => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    connection.request('hub.find', undefined, { keepAlive: false }).then(
      (found) => {
        if ((found as HubAddress).instance === hub.instance) asked = false
        else gone(new RayError("the process that kept the cluster's channels has ended, and they with it"))
      },
      () => {
        // The next attempt asks again; without the session there are no channels anyway.
        asked = false
      },
    )
  }
}
