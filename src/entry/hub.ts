import { type MessagePort, parentPort } from 'node:worker_threads'
import { serveChannels } from '../engine/local/hub/channels.ts'
import { serveDirectory } from '../engine/local/hub/directory/serve-directory.ts'
import { Hub } from '../engine/local/hub/hub.ts'
import { serveObjects } from '../engine/local/hub/objects.ts'
import { serveSessionEnds } from '../engine/local/hub/session-ends.ts'
import type { HubOptions } from '../engine/local/hub-thread.ts'

/** What the driver tells the hub thread at its start. */
interface HubStart {
  readonly port: MessagePort
  readonly options: HubOptions
}

parentPort?.once('message', ({ port, options }: HubStart) => {
  const hub = new Hub()
  serveChannels(hub)
  serveObjects(hub, options.objectStoreMemory)
  const threads = serveDirectory(hub, options)
  serveSessionEnds(hub)
  // The driver's own session outlives every other: when it ends, so does this thread, and with it every worker.
  const driver = hub.accept(port)
  driver.connection.hold()
  driver.onEnd(async () => {
    await threads.close()
    process.exit(0)
  })
})
