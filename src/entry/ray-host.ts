import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { handleMakers } from '../api/handle-makers.ts'
import { Runtime } from '../api/runtime.ts'
import { registerRuntime } from '../api/runtime-registry.ts'
import { systemClock } from '../api/system-clock.ts'
import { SerializerRegistry } from '../codec/serializer-registry.ts'
import { clusterTls, tlsToward } from '../engine/ray/host/cluster-tls.ts'
import { exitCode, followErrors } from '../engine/ray/host/ending.ts'
import { RayHost } from '../engine/ray/host/host.ts'
import { followParent } from '../engine/ray/host/parent.ts'
import { RunningCode } from '../engine/ray/host/running-code.ts'
import { startSession } from '../engine/ray/host/session.ts'
import { AcceptedConnections } from '../engine/ray/lane/listening/accepted-connections.ts'
import { Listener } from '../engine/ray/lane/listening/listener.ts'
import { openThreadContext } from '../engine/thread-context.ts'

// For the modules that are loaded from here on, which are those of users; this package would only start more slowly.
process.setSourceMapsEnabled(true)

const thread = openThreadContext()
const { agent, listen } = await followParent(process.stdin, () => process.exit(exitCode.parentGone))
// Actors have no standard input: theirs is over before it begins.
Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true })

const tls = await clusterTls(process.env)
const serializers = new SerializerRegistry()
const code = new RunningCode()
const engine = await startSession(agent, (peer) => tlsToward(peer, tls), {
  handleMakers,
  serializers,
  clock: systemClock,
  code,
})
const { client, channels, objects, actors } = engine
registerRuntime(new Runtime(engine, serializers, () => undefined))

const instance = randomBytes(16).toString('hex')
const host = new RayHost({ client, transit: channels.transit, thread, code, waits: objects.waits, instance })
actors.calls.errand = () => host.thread.errand()
const token = randomBytes(32)
const connections = new AcceptedConnections({ token, serve: (transport) => host.serve(transport) })
const listener = await Listener.start({ host: listen, connections, tls: tls?.fromOthers })

followErrors(client.connection)
// Calls that have been answered count, also when the next one ends the process.
process.on('exit', () => {
  host.flush()
  engine.flush()
})
// Without the parent's agent the process is of no use to anybody.
client.connection.onLost((error) => {
  process.stderr.write(`klaw: this process ends: ${error.message}\n`)
  process.exit(exitCode.sessionLost)
})

await client.connection.request('host.attach', {
  instance,
  host: listen,
  port: listener.port,
  token: token.toString('hex'),
  tls: tls !== undefined,
})
