import { availableParallelism, totalmem } from 'node:os'
import { SerializerRegistry } from '../codec/serializer-registry.ts'
import type { RuntimeEnv } from '../engine/actor-engine.ts'
import type { Engine } from '../engine/engine.ts'
import type { LogLine } from '../engine/ray/bootstrap/log-line.ts'
import { threadContext } from '../engine/thread-context.ts'
import { KlawError } from '../errors.ts'
import { checkCount, checkKeys } from './arguments.ts'
import { handleMakers } from './handle-makers.ts'
import { parseRayAddress } from './ray-address.ts'
import { type AgentEndpoint, type AskedEndpoint, checkRayOptions, type RayTls } from './ray-options.ts'
import { Runtime } from './runtime.ts'
import { checkName } from './runtime-channels.ts'
import { registerRuntime } from './runtime-registry.ts'
import { systemClock } from './system-clock.ts'

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** Of actors that do not name one. Default `'klaw'`. */
  readonly namespace?: string | undefined
  /** CPUs that actors and tasks may claim. Default: as many as the machine has. */
  readonly numCpus?: number | undefined
  /**
   * Bytes that the object store may hold, not counting objects of less than 64 KB. Default: 30 % of the machine's memory, as
   * on Ray.
   */
  readonly objectStoreMemory?: number | undefined
}

/** Options of {@link connect} for a Ray cluster. */
export interface RayConnectOptions {
  /** Of actors and queues that do not name one. Default `'klaw'`. */
  readonly namespace?: string | undefined
  /**
   * Ray's `runtime_env` of everything that is started through this runtime: `pip`, `env_vars`, `working_dir`, `py_modules` and so on. A local
   * `working_dir` or `py_modules` folder is zipped and uploaded, without `.git`, `__pycache__`, `.venv`, `node_modules` and what
   * `excludes` names; at most 100 MiB.
   */
  readonly runtimeEnv?: RuntimeEnv | undefined
  /** Milliseconds for everything until the session is open. Default 30,000; give more for a `runtimeEnv` that has to be installed. */
  readonly timeout?: number | undefined
  /**
   * How bytes reach the session's agent: `'direct'` over a TCP port of its own, which is many times as fast; `'tunnel'` through the cluster's
   * client port; `'auto'`, the default, directly where that port can be reached.
   */
  readonly lane?: 'auto' | 'direct' | 'tunnel' | undefined
  /**
   * Where to connect to for the direct lane, when the agent's own address does not lead there: behind a forwarded port, or where nodes have other
   * addresses from outside. Gets the host and the port on which it listens in the cluster, once for the
   * session's agent, with `role: 'hub'` for the process that keeps the cluster's channels, and with `role: 'actor'` for the process of each actor in
   * TypeScript that is called; what it throws fails `connect`, or what needs the process. With TLS the
   * agent's certificate must be valid for the host that it returns.
   */
  readonly agentAddress?: ((agent: AskedEndpoint) => AgentEndpoint | Promise<AgentEndpoint>) | undefined
  /**
   * Milliseconds for which the cluster keeps what belongs to this process when it has lost its connection: within that time it comes back and nothing was
   * lost, afterwards its channel ends count as closed. From 1,000 to 3,600,000, by whole seconds. Default 30,000.
   */
  readonly gracePeriod?: number | undefined
  /**
   * Messages of channels that have more encoded bytes than that go through Ray's object store, and only a reference through the channel. From 1,024 to
   * 15,728,640. Default 102,400.
   */
  readonly largeMessage?: number | undefined
  /** Certificates in PEM for a cluster with TLS; `false` for none. Default: what Ray's variables say, `RAY_USE_TLS` and the others. */
  readonly tls?: RayTls | false | undefined
  /** For a cluster with token authentication; `false` for none. Default: what Ray's variables say, `RAY_AUTH_MODE` and the others. */
  readonly authToken?: string | false | undefined
  /** Python modules that the agent imports, for the serializers that they register. */
  readonly imports?: readonly string[] | undefined
  /**
   * Brings here what actors and tasks of this session write to their standard output and error, which stands in Ray's log files in any case: `true` prints it as Ray does, as `(Counter pid=1234) text`;
   * a function gets each line as it comes. Lines arrive about a tenth of a second after they were written; those of the last moment before `shutdown` may not, and those that are written while the connection
   * is broken do not: then the process is warned (`KlawWarning`), once. Default false.
   */
  readonly logToDriver?: boolean | ((line: LogLine) => void) | undefined
}

/** The part of the memory that Ray gives to its object store. */
const storePart = 0.3

/**
 * Opens a runtime. Without an address it is the embedded engine: worker threads of this process, nothing to install. With `ray://host:port` it
 * is a Ray cluster, reached by the port of its client server (10001 unless the cluster was started otherwise).
 *
 * An idle runtime does not keep the process alive.
 *
 * @param address undefined, `'embedded'`, or `'ray://host:port'`; an IPv6 host stands in brackets
 * @throws TypeError, RangeError for a wrong argument, naming it
 * @throws RayError when the cluster can not be reached, refuses, or is not done within `timeout`; the message says what to look at
 *
 * @example
 * ```ts
 * import { connect } from '@klaw/core'
 *
 * await using klaw = await connect()
 * const ref = klaw.put([1, 2, 3])
 * console.log(await ref)
 * ```
 */
export function connect(address?: 'embedded' | undefined, options?: ConnectOptions): Promise<Runtime>
export function connect(address: `ray://${string}`, options?: RayConnectOptions): Promise<Runtime>
export function connect(address: string | undefined, options?: Pick<ConnectOptions, 'namespace'>): Promise<Runtime>
export async function connect(address?: string, options: ConnectOptions | RayConnectOptions = {}): Promise<Runtime> {
  refuseInsideActors()
  const serializers = new SerializerRegistry()
  const engine =
    address === undefined || address === 'embedded'
      ? await openEmbedded(options, serializers)
      : await openRay(address, options, serializers)
  const runtime: Runtime = new Runtime(engine, serializers, () => unregister())
  const unregister = registerRuntime(runtime)
  return runtime
}

async function openEmbedded(options: ConnectOptions, serializers: SerializerRegistry): Promise<Engine> {
  checkKeys('the options of connect', options, ['namespace', 'numCpus', 'objectStoreMemory'])
  const {
    namespace = 'klaw',
    numCpus = availableParallelism(),
    objectStoreMemory = Math.floor(totalmem() * storePart),
  } = options
  checkName('namespace', namespace)
  checkCount('numCpus', numCpus, 1, false)
  checkCount('objectStoreMemory', objectStoreMemory, 1, false)
  // Not before it is needed: clients of a cluster, and actors in it, do without.
  const { LocalEngine } = await import('../engine/local/engine.ts')
  return LocalEngine.start(
    { makers: handleMakers, serializers, clock: systemClock, namespace },
    { numCpus, objectStoreMemory, namespace },
  )
}

async function openRay(address: string, options: RayConnectOptions, serializers: SerializerRegistry): Promise<Engine> {
  const place = parseRayAddress(address)
  const checked = checkRayOptions(options)
  // Not before it is needed: the embedded engine does without gRPC.
  const { openRayEngine } = await import('../engine/ray/open-engine.ts')
  return openRayEngine({ ...place, ...checked, makers: handleMakers, serializers, clock: systemClock })
}

/** A worker thread that imports the program's own script would start a second program, which would start further threads. */
function refuseInsideActors(): void {
  const thread = threadContext()
  if (thread === undefined) return
  throw new KlawError(
    thread.loading === undefined
      ? 'connect() was called inside an actor or a task: use currentRuntime()'
      : `connect() was called while ${thread.loading} was imported for an actor or a task: define them in a module of their own, which does nothing else`,
  )
}
