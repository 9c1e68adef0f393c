import { type MessagePort, parentPort } from 'node:worker_threads'
import { Hub } from '../engine/local/hub/hub.ts'

/** What the driver tells the hub thread at its start. */
export interface HubStart {
  readonly port: MessagePort
}

parentPort?.once('message', ({ port }: HubStart) => {
  const hub = new Hub()
  // The driver's own session outlives every other: when it ends, so does this thread, and with it every worker.
  hub.accept(port).onEnd(() => process.exit(0))
})
