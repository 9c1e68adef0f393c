import { type MessagePort, parentPort } from 'node:worker_threads'
import { Hub } from '../engine/local/hub/hub.ts'
import { serveChannels } from '../engine/local/hub/channels.ts'
import type { HubOptions } from '../engine/local/hub-thread.ts'

/** What the driver tells the hub thread at its start. */
interface HubStart {
  readonly port: MessagePort
  readonly options: HubOptions
}

parentPort?.once('message', ({ port }: HubStart) => {
  const hub = new Hub()
  serveChannels(hub)
  // The driver's own session outlives every other: when it ends, so does this thread, and with it every worker.
  hub.accept(port).onEnd(() => process.exit(0))
})
