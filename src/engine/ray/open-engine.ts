import { inspect } from 'node:util'
import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import type { Clock } from '../../core/clock.ts'
import { RayError } from '../../errors.ts'
import type { RuntimeEnv } from '../actor-engine.ts'
import type { HandleMakers } from '../handle-makers.ts'
import type { AgentAddress, AgentSettings, Bootstrap } from './bootstrap/bootstrap.ts'
import { type CredentialOptions, type Credentials, findCredentials } from './bootstrap/credentials.ts'
import type { LogLine } from './bootstrap/log-line.ts'
import { logPrinter } from './bootstrap/log-printer.ts'
import type { LogStreamOptions } from './bootstrap/log-stream.ts'
import { RayClientBootstrap } from './bootstrap/ray-client-bootstrap.ts'
import { BundledCode } from './code/bundled-code.ts'
import { Deadline } from './deadline.ts'
import { RayEngine } from './engine.ts'
import type { LaneFactory } from './lane/lane.ts'
import { lateLanes } from './lane/late-lanes.ts'
import { type LaneChoice, openLane } from './lane/open-lane.ts'
import type { ProcessRole } from './lane/reach.ts'
import { tunnelLanes } from './lane/tunnel-lane.ts'
import { checkRuntimeEnv } from './own-runtime-env.ts'
import { agentSources } from './package-sources.ts'
import { prepareRuntimeEnv } from './runtime-env.ts'

/** Bytes of the largest frame that the agent takes. */
const maxFrame = 16 * 1024 * 1024

type Endpoint = Pick<AgentAddress, 'host' | 'port'>
/** Whose endpoint: the session's agent, or another process's of the cluster. */
type Role = 'agent' | ProcessRole

export interface OpenRayOptions extends CredentialOptions {
  readonly host: string
  readonly port: number
  readonly namespace: string
  readonly runtimeEnv: RuntimeEnv | undefined
  /** Milliseconds for all of it. */
  readonly timeout: number
  readonly lane: LaneChoice
  /** Says where the direct lane leads to, given where the agent, or the hub, listens. */
  readonly agentAddress: ((agent: Endpoint & { readonly role: Role }) => Endpoint | Promise<Endpoint>) | undefined
  /** Milliseconds that lost connections are kept; undefined: as long as agents do by themselves. */
  readonly gracePeriod: number | undefined
  /** Messages of more encoded bytes than that go by reference. */
  readonly largeMessage: number
  readonly imports: readonly string[]
  /** What takes the lines that processes of the session's job write; undefined for none. */
  readonly logToDriver: ((line: LogLine) => void) | true | undefined
  readonly makers: HandleMakers
  readonly serializers: SerializerRegistry
  readonly clock: Clock
}

/**
 * Opens a session on a Ray cluster: starts its agent there, and connects to it.
 *
 * @throws RayError that says what is wrong, within the timeout
 */
export async function openRayEngine(options: OpenRayOptions): Promise<RayEngine> {
  const { host, port, namespace, runtimeEnv, timeout } = options
  if (runtimeEnv !== undefined) checkRuntimeEnv(runtimeEnv)
  const deadline = new Deadline(timeout, `connect() to ray://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const credentials = await findCredentials(options, process.env)
  const left = deadline.left()
  const timeouts = {
    connect: left,
    session: left,
    agent: left,
    upload: left,
    ...(options.gracePeriod === undefined ? {} : { grace: options.gracePeriod }),
  }
  const { tls = false, authToken = false } = credentials
  // Read while the cluster sets the session up.
  const sources = agentSources()
  // Told to who waits for them, if it comes to that.
  sources.catch(() => {})
  const bootstrap = await deadline.within(
    'reaching the cluster',
    RayClientBootstrap.connect({
      ...{ host, port, namespace, tls, authToken, timeouts, logs: logsFor(options) },
      runtimeEnv: (upload) => prepareRuntimeEnv(runtimeEnv, upload),
    }),
    (late) => late.close(),
  )
  try {
    return await openSession(bootstrap, credentials, sources, deadline, options)
  } catch (error) {
    await bootstrap.close()
    throw error
  }
}

async function openSession(
  bootstrap: Bootstrap,
  credentials: Credentials,
  sources: Promise<ReadonlyMap<string, string>>,
  deadline: Deadline,
  options: OpenRayOptions,
): Promise<RayEngine> {
  const { namespace, lane, imports, makers, serializers, clock, gracePeriod, largeMessage } = options
  const settings = { namespace, sources: await sources, maxFrame }
  // Where its port can be reached, the agent starts sooner in the session's process, and is faster there.
  const place = lane === 'tunnel' ? 'actor' : 'session'
  const address = await deadline.within('starting the agent', bootstrap.startAgent(settings, place))
  const { host, port } = await deadline.within("finding the agent's address", reachedAt(address, 'agent', options))
  const opened = await openLane({
    choice: lane,
    address: { host, port, tls: laneTls(address, credentials) },
    token: address.token,
    otherwise:
      place === 'actor' ? tunnelTo(bootstrap) : tunnelToAnother(bootstrap, { ...settings, token: address.token }),
    deadline: deadline.left(),
    gracePeriod,
  })
  const starting = RayEngine.start(opened.transport, {
    makers,
    serializers,
    clock,
    imports,
    lane: { lane: opened.kind === 'direct' ? 'direct' : 'tunnel', notDirect: opened.notDirect },
    hubLanes: {
      // Where the way to the agent is closed, the way to the hub is too.
      choice: lane === 'auto' && opened.kind !== 'direct' ? 'tunnel' : lane,
      reachedAt: async (process, role) => ({
        ...(await reachedAt(process, role, options)),
        tls: laneTls(process, credentials),
      }),
      gracePeriod,
    },
    largeMessage,
    code: (connection) => new BundledCode(connection),
    end: () => bootstrap.close(),
  })
  const engine = await deadline.within('opening the session', starting, (late) => late.shutdown())
  bootstrap.onLost((error) => engine.lose(error))
  // Otherwise the lane would try for long to come back to an agent that is no more.
  bootstrap.onAgentEnded((error) => engine.lose(error))
  return engine
}

/** Trouble with the lines is no error of any operation: the process is warned. */
function logsFor({ logToDriver }: OpenRayOptions): LogStreamOptions | undefined {
  if (logToDriver === undefined) return undefined
  const take = logToDriver === true ? logPrinter(process.stdout, process.stderr) : logToDriver
  return { take, tell: (trouble) => process.emitWarning(trouble, 'KlawWarning') }
}

function tunnelTo(bootstrap: Bootstrap): LaneFactory {
  return tunnelLanes((number, bytes, wait) => bootstrap.exchange(number, bytes, wait))
}

/** Leads to an agent that is started when it turns out to be needed. The other one serves nobody, and ends with the session as well. */
function tunnelToAnother(bootstrap: Bootstrap, settings: AgentSettings): LaneFactory {
  return lateLanes(tunnelTo(bootstrap), () => bootstrap.startAgent(settings, 'actor'))
}

async function reachedAt(
  { host, port }: Endpoint,
  role: Role,
  { agentAddress, lane }: OpenRayOptions,
): Promise<Endpoint> {
  if (agentAddress === undefined || lane === 'tunnel') return { host, port }
  const found: unknown = await agentAddress({ host, port, role })
  const { host: to, port: at } = (found ?? {}) as Partial<Endpoint>
  if (typeof to === 'string' && to !== '' && Number.isInteger(at) && (at as number) > 0 && (at as number) < 65_536) {
    return { host: to, port: at as number }
  }
  throw new TypeError(`'agentAddress' must return { host, port }, got ${inspect(found)}`)
}

/** The agent shows the cluster's certificate, and wants to see ours. */
function laneTls({ tls }: Pick<AgentAddress, 'tls'>, credentials: Credentials) {
  if (!tls) return undefined
  if (credentials.tls === undefined) {
    throw new RayError("the cluster's nodes speak TLS to each other: set RAY_USE_TLS and its certificates, or 'tls'")
  }
  const { ca, cert, key } = credentials.tls
  const text = (part: string | Uint8Array | undefined) => (part === undefined ? undefined : Buffer.from(part))
  return { ca: text(ca), cert: text(cert), key: text(key) }
}
