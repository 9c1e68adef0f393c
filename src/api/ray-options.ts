import type { RuntimeEnv } from '../engine/actor-engine.ts'
import type { LogLine } from '../engine/ray/bootstrap/log-line.ts'
import { runtimeEnv as checkRuntimeEnv } from './actor-options.ts'
import { show } from './arguments.ts'
import { checkOptions, isRecord, type OptionCheck, text } from './check-options.ts'
import type { RayConnectOptions } from './connect.ts'

/** Certificates in PEM. Ray demands the client's own as well. */
export interface RayTls {
  readonly ca: string | Uint8Array
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
}

/** Where a session's agent listens, or where it can be reached. */
export interface AgentEndpoint {
  readonly host: string
  readonly port: number
}

/** What `agentAddress` is asked for. */
export interface AskedEndpoint extends AgentEndpoint {
  /** The session's agent, the hub that keeps the cluster's channels, or the process of an actor in TypeScript. */
  readonly role: 'agent' | 'hub' | 'actor'
}

/** The options of a session, complete and checked. */
export interface CheckedRayOptions {
  readonly namespace: string
  readonly runtimeEnv: RuntimeEnv | undefined
  readonly timeout: number
  readonly lane: 'auto' | 'direct' | 'tunnel'
  readonly agentAddress: RayConnectOptions['agentAddress']
  readonly tls: RayTls | false | undefined
  readonly authToken: string | false | undefined
  readonly imports: readonly string[]
  readonly gracePeriod: number | undefined
  readonly largeMessage: number
  readonly logToDriver: ((line: LogLine) => void) | true | undefined
}

const defaultTimeout = 30_000
/** The protocol counts whole seconds. */
const gracePeriods = [1_000, 3_600_000] as const
const defaultLargeMessage = 100 * 1024
/** A reference has a few dozen bytes; frames have at most 16 MiB. */
const largeMessages = [1024, 15 * 1024 * 1024] as const
const lanes: readonly unknown[] = ['auto', 'direct', 'tunnel']

const milliseconds: OptionCheck = (name, value) => {
  if (typeof value !== 'number') throw new TypeError(`'${name}' must be a number of milliseconds, got ${show(value)}`)
  if (!(value > 0)) throw new RangeError(`'${name}' must be a positive number of milliseconds, got ${show(value)}`)
}

const lane: OptionCheck = (name, value) => {
  if (lanes.includes(value)) return
  const message = `'${name}' must be 'auto', 'direct' or 'tunnel', got ${show(value)}`
  throw typeof value === 'string' ? new RangeError(message) : new TypeError(message)
}

const agentAddress: OptionCheck = (name, value) => {
  if (typeof value !== 'function') throw new TypeError(`'${name}' must be a function, got ${show(value)}`)
}

const tls: OptionCheck = (name, value) => {
  if (value === false) return
  if (!isRecord(value))
    throw new TypeError(`'${name}' must be false or an object { ca, cert, key }, got ${show(value)}`)
  for (const part of ['ca', 'cert', 'key']) {
    const given = value[part]
    if (given === undefined && part !== 'ca') continue
    if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
      throw new TypeError(`'${name}.${part}' must be a certificate or key in PEM, got ${show(given)}`)
    }
  }
}

const authToken: OptionCheck = (name, value) => {
  if (value !== false) text(name, value)
}

const modules: OptionCheck = (name, value) => {
  if (!Array.isArray(value)) throw new TypeError(`'${name}' must be an array of module names, got ${show(value)}`)
  for (const [index, module] of value.entries()) text(`${name}[${index}]`, module)
}

const gracePeriod: OptionCheck = (name, value) => {
  milliseconds(name, value)
  const [least, most] = gracePeriods
  if ((value as number) >= least && (value as number) <= most) return
  throw new RangeError(`'${name}' must be from ${least} to ${most} milliseconds, got ${show(value)}`)
}

const largeMessage: OptionCheck = (name, value) => {
  const [least, most] = largeMessages
  if (typeof value !== 'number') throw new TypeError(`'${name}' must be a number of bytes, got ${show(value)}`)
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`'${name}' must be an integer from ${least} to ${most}, got ${show(value)}`)
}

const logToDriver: OptionCheck = (name, value) => {
  if (typeof value === 'boolean' || typeof value === 'function') return
  throw new TypeError(`'${name}' must be true, false or a function that takes lines, got ${show(value)}`)
}

const checks: Record<keyof RayConnectOptions, OptionCheck> = {
  namespace: text,
  runtimeEnv: checkRuntimeEnv,
  timeout: milliseconds,
  lane,
  agentAddress,
  tls,
  authToken,
  imports: modules,
  gracePeriod,
  largeMessage,
  logToDriver,
}

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkRayOptions(options: RayConnectOptions): CheckedRayOptions {
  checkOptions('the options of connect for Ray', options, checks)
  return {
    namespace: options.namespace ?? 'klaw',
    runtimeEnv: options.runtimeEnv,
    timeout: options.timeout ?? defaultTimeout,
    lane: options.lane ?? 'auto',
    agentAddress: options.agentAddress,
    tls: options.tls,
    authToken: options.authToken,
    imports: options.imports ?? [],
    gracePeriod: options.gracePeriod,
    largeMessage: options.largeMessage ?? defaultLargeMessage,
    logToDriver: options.logToDriver === false ? undefined : options.logToDriver,
  }
}
