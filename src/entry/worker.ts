import { workerData } from 'node:worker_threads'
import { handleMakers } from '../api/handle-makers.ts'
import { Runtime } from '../api/runtime.ts'
import { registerRuntime } from '../api/runtime-registry.ts'
import { systemClock } from '../api/system-clock.ts'
import { SerializerRegistry } from '../codec/serializer-registry.ts'
import { LocalEngine } from '../engine/local/engine.ts'
import type { WorkerStart } from '../engine/local/hub/directory/worker-thread.ts'
import { queueDefinition } from '../engine/local/queue/queues.ts'
import { Host } from '../engine/local/worker/host.ts'
import { openThreadContext } from '../engine/thread-context.ts'

const { port, namespace } = workerData as WorkerStart
const serializers = new SerializerRegistry()
const thread = openThreadContext()
const engine = await LocalEngine.join(port, { makers: handleMakers, serializers, clock: systemClock, namespace })
const { connection } = engine.client

registerRuntime(new Runtime(engine, serializers, () => undefined))
new Host(engine, thread, [queueDefinition(engine.client, systemClock)])

// Node's own report of an error that ends a thread has lost its class, its cause and its fields.
process.on('uncaughtExceptionMonitor', (error) => {
  try {
    connection.notify('thread.failing', error)
  } catch {
    // It can not be sent; the hub makes do with Node's report.
  }
})

// Calls that have been answered count, also when the next one ends the thread.
process.on('exit', () => {
  engine.peers.flush()
  connection.flush()
})

// Without the hub the thread is of no use to anybody: it ends with the reason.
connection.onLost((error) =>
  setImmediate(() => {
    throw error
  }),
)

// The hub decides when this thread ends.
connection.hold()
connection.notify('thread.ready')
