import { RayError } from '../../../errors.ts'
import type { RayClient } from '../client.ts'
import { type ClusterLanes, type ProcessAddress, reach } from '../lane/reach.ts'
import type { ResumableTransport } from '../lane/resumable-transport.ts'

/** What the agent says about the cluster's hub. */
export interface HubAddress extends ProcessAddress {
  /** Which process it is; another one knows nothing of what this one held. */
  readonly instance: string
}

/**
 * Connects to the cluster's hub, which is started if there is none: directly, else through the session's agent.
 *
 * @param gone called at most once, when the connection is lost for good since the cluster has another hub by now
 * @throws {RayError} why there is no connection
 */
export async function openHub(
  session: RayClient,
  lanes: ClusterLanes,
  gone: (error: Error) => void,
): Promise<ResumableTransport> {
  // Whoever waits for the hub waits for this too.
  const hub = (await session.connection.request('hub.find')) as HubAddress
  return await reach(session, lanes, hub, 'hub', succession(session, hub, gone))
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
