import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import type { Clock } from '../../core/clock.ts'
import { HandleKind } from '../../wire/token.ts'
import type { CallHome } from '../calls/call-home.ts'
import type { ChannelEngine, ChannelHandles, ChannelInfo, ChannelSpec } from '../channel-engine.ts'
import { RemoteChannels } from '../remote/channels.ts'
import type { RayClient } from './client.ts'
import { HubClient } from './hub/hub-client.ts'
import { openHub } from './hub/open-hub.ts'
import type { ClusterLanes } from './lane/reach.ts'
import type { RayObjects } from './objects.ts'

export interface RayChannelsOptions {
  readonly clock: Clock
  readonly serializers: SerializerRegistry
  readonly handles: ChannelHandles
  readonly lanes: ClusterLanes
  /** Encoded messages of more bytes than that go by reference. */
  readonly threshold: number
}

/** The handles of channel ends. */
const kinds = [
  HandleKind.sender,
  HandleKind.receiver,
  HandleKind.broadcastSender,
  HandleKind.broadcastReceiver,
  HandleKind.watchSender,
  HandleKind.watchReceiver,
  HandleKind.oneshotSender,
  HandleKind.oneshotReceiver,
]

/** With the session all its handles are gone. */
function nothingToRelease(): void {}

/**
 * The channels of a cluster, which its hub keeps. A hub that is lost took its channels with it; what is opened afterwards is looked for at the one that
 * Ray has started instead.
 */
export class RayChannels implements ChannelEngine {
  readonly #client: RayClient
  readonly #objects: RayObjects
  readonly #options: RayChannelsOptions
  /**
   * How values go directly between processes of the cluster, in calls: as messages of channels do. It is the same when the hub is lost and there is another
   * one. What has no handles inside does not need a hub.
   */
  readonly transit: CallHome
  #current: { readonly hub: HubClient; readonly channels: RemoteChannels } | undefined
  #closed: Error | undefined

  constructor(client: RayClient, objects: RayObjects, options: RayChannelsOptions) {
    this.#client = client
    this.#objects = objects
    this.#options = options
    this.transit = this.#transit()
    for (const kind of kinds) {
      client.onArrival(kind, (origin, details) => this.#now().hub.arrived(kind, [origin, ...details], true))
    }
  }

  async open(spec: ChannelSpec) {
    return await this.#now().channels.open(spec)
  }

  async openOneshot(spec: ChannelSpec) {
    return await this.#now().channels.openOneshot(spec)
  }

  async openBroadcast(spec: ChannelSpec) {
    return await this.#now().channels.openBroadcast(spec)
  }

  async openWatch(spec: ChannelSpec, initial: unknown) {
    return await this.#now().channels.openWatch(spec, initial)
  }

  async find(name: string, namespace: string): Promise<ChannelInfo | undefined> {
    return await this.#now().channels.find(name, namespace)
  }

  async list(namespace: string | undefined): Promise<ChannelInfo[]> {
    return await this.#now().channels.list(namespace)
  }

  async delete(name: string, namespace: string): Promise<boolean> {
    return await this.#now().channels.delete(name, namespace)
  }

  /** Posts what has been sent so far. */
  flush(): void {
    this.#current?.hub.connection.flush()
  }

  /** The session is over: so are its ends. */
  close(error: Error): void {
    this.#closed ??= error
    this.#current?.hub.close(error)
  }

  #transit(): CallHome {
    const channels = this
    return {
      get codec() {
        return channels.#now().hub.codec
      },
      get releaseTokens() {
        return channels.#closed === undefined ? channels.#now().hub.releaseTokens : nothingToRelease
      },
      claimsWait: true,
      async barrier() {
        await channels.#now().hub.barrier()
      },
    }
  }

  /** Throws why the session is over. */
  #now() {
    if (this.#closed !== undefined) throw this.#closed
    if (this.#current === undefined || this.#current.hub.lost !== undefined) {
      const { clock, serializers, handles, lanes, threshold } = this.#options
      const hub = new HubClient({
        clock,
        serializers,
        session: this.#client,
        objects: this.#objects,
        threshold,
        open: (gone) => openHub(this.#client, lanes, gone),
      })
      this.#current = { hub, channels: new RemoteChannels(hub, handles) }
    }
    return this.#current
  }
}
