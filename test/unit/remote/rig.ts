import { MessageChannel } from 'node:worker_threads'
import { systemClock } from '../../../src/api/system-clock.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import type { ChannelHandles, ChannelSpec } from '../../../src/engine/channel-engine.ts'
import { Client } from '../../../src/engine/local/client.ts'
import { serveChannels } from '../../../src/engine/local/hub/channels.ts'
import { Hub } from '../../../src/engine/local/hub/hub.ts'
import { RemoteChannels } from '../../../src/engine/remote/channels.ts'

/** A hub and some clients, all in this thread: real ports, real frames. */
export class Rig implements AsyncDisposable {
  readonly hub = new Hub()
  readonly #clients: Client[] = []

  constructor() {
    serveChannels(this.hub)
  }

  async client(): Promise<{ client: Client; channels: RemoteChannels }> {
    const { port1, port2 } = new MessageChannel()
    this.hub.accept(port2)
    const client = new Client(port1, new SerializerRegistry())
    await client.open()
    this.#clients.push(client)
    return { client, channels: new RemoteChannels(client.channelHost(systemClock), asPorts) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.connection.close()
  }
}

/** What arrives in values stays a port. */
export const asPorts: ChannelHandles = {
  sender: (port) => port,
  receiver: (port) => port,
  oneshotSender: (port) => port,
  oneshotReceiver: (port) => port,
  broadcastSender: (port) => port,
  broadcastReceiver: (port) => port,
  watchSender: (port) => port,
  watchReceiver: (port) => port,
}

export function spec(options: Partial<ChannelSpec> = {}): ChannelSpec {
  return {
    kind: 'mpmc',
    capacity: 10_000,
    ack: false,
    ackTimeout: 30_000,
    name: undefined,
    namespace: 'test',
    lifetime: options.name === undefined ? 'session' : 'detached',
    ttl: undefined,
    ...options,
  }
}
