import { inspect } from 'node:util'
import type { SerializerRegistry } from '../../codec/serializer-registry.ts'
import { RayError } from '../../errors.ts'
import type { RuntimeEnv } from '../actor-engine.ts'
import type { HandleMakers } from '../handle-makers.ts'
import type { AgentAddress, Bootstrap } from './bootstrap/bootstrap.ts'
import { type CredentialOptions, type Credentials, findCredentials } from './bootstrap/credentials.ts'
import { RayClientBootstrap } from './bootstrap/ray-client-bootstrap.ts'
import { Deadline } from './deadline.ts'
import { RayEngine } from './engine.ts'
import { type LaneChoice, openLane } from './lane/open-lane.ts'
import { agentSources } from './package-sources.ts'
import { checkRuntimeEnv, prepareRuntimeEnv } from './runtime-env.ts'

/** Bytes of the largest frame that the agent takes. */
const maxFrame = 16 * 1024 * 1024

type Endpoint = Pick<AgentAddress, 'host' | 'port'>

export interface OpenRayOptions extends CredentialOptions {
  readonly host: string
  readonly port: number
  readonly namespace: string
  readonly runtimeEnv: RuntimeEnv | undefined
  /** Milliseconds for all of it. */
  readonly timeout: number
  readonly lane: LaneChoice
  /** Says where the direct lane leads to, given where the agent listens. */
  readonly agentAddress: ((agent: Endpoint) => Endpoint | Promise<Endpoint>) | undefined
  readonly imports: readonly string[]
  readonly makers: HandleMakers
  readonly serializers: SerializerRegistry
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
  const timeouts = { connect: left, session: left, agent: left, upload: left }
  const { tls = false, authToken = false } = credentials
  const bootstrap = await deadline.within(
    'reaching the cluster',
    RayClientBootstrap.connect({ host, port, namespace, tls, authToken, timeouts }),
    (late) => late.close(),
  )
  try {
    return await openSession(bootstrap, credentials, deadline, options)
  } catch (error) {
    await bootstrap.close()
    throw error
  }
}

async function openSession(
  bootstrap: Bootstrap,
  credentials: Credentials,
  deadline: Deadline,
  options: OpenRayOptions,
): Promise<RayEngine> {
  const { namespace, runtimeEnv, lane, imports, makers, serializers } = options
  const sources = await agentSources()
  const uploaded = await deadline.within('preparing the runtime environment', prepareRuntimeEnv(runtimeEnv, bootstrap))
  const settings = { namespace, sources, runtimeEnv: uploaded, maxFrame }
  const address = await deadline.within('starting the agent', bootstrap.startAgent(settings))
  const { host, port } = await deadline.within("finding the agent's address", reachedAt(address, options))
  const opened = await openLane({
    choice: lane,
    address: { host, port, tls: laneTls(address, credentials) },
    token: address.token,
    exchange: (number, bytes, wait) => bootstrap.exchange(number, bytes, wait),
    deadline: deadline.left(),
  })
  const starting = RayEngine.start(opened.transport, {
    makers,
    serializers,
    imports,
    lane: { lane: opened.kind, notDirect: opened.notDirect },
    end: () => bootstrap.close(),
  })
  const engine = await deadline.within('opening the session', starting, (late) => late.shutdown())
  bootstrap.onLost((error) => engine.lose(error))
  // Otherwise the lane would try for long to come back to an agent that is no more.
  bootstrap.onAgentEnded((error) => engine.lose(error))
  return engine
}

async function reachedAt({ host, port }: AgentAddress, { agentAddress, lane }: OpenRayOptions): Promise<Endpoint> {
  if (agentAddress === undefined || lane === 'tunnel') return { host, port }
  const found: unknown = await agentAddress({ host, port })
  const { host: to, port: at } = (found ?? {}) as Partial<Endpoint>
  if (typeof to === 'string' && to !== '' && Number.isInteger(at) && (at as number) > 0 && (at as number) < 65_536) {
    return { host: to, port: at as number }
  }
  throw new TypeError(`'agentAddress' must return { host, port }, got ${inspect(found)}`)
}

/** The agent shows the cluster's certificate, and wants to see ours. */
function laneTls({ tls }: AgentAddress, credentials: Credentials) {
  if (!tls) return undefined
  if (credentials.tls === undefined) {
    throw new RayError("the cluster's nodes speak TLS to each other: set RAY_USE_TLS and its certificates, or 'tls'")
  }
  const { ca, cert, key } = credentials.tls
  const text = (part: string | Uint8Array | undefined) => (part === undefined ? undefined : Buffer.from(part))
  return { ca: text(ca), cert: text(cert), key: text(key) }
}
