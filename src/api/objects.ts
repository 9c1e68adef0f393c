import { type ObjectEngine, type ObjectPort, type Progress, portOf } from '../engine/object-engine.ts'
import { GetTimeoutError } from '../errors.ts'
import { checkCount, checkKeys, checkSignal, checkTime, show } from './arguments.ts'
import { Gathering } from './gathering.ts'
import { ObjectRef } from './object-ref.ts'

/** How long `get` may wait. */
export interface GetOptions {
  /** Milliseconds; 0 means "what is there now". Default: without limit. */
  readonly timeout?: number | undefined
  /** Rejects with the signal's reason. Whatever makes the value goes on. */
  readonly signal?: AbortSignal | undefined
}

/** How long `get` may wait, and who is told how far it is. */
export interface GetProgressOptions extends GetOptions {
  /**
   * Called as the values' bytes arrive, with those of all values that are under way: `(bytes, total)`. On the embedded engine values do not
   * travel, and it is never called.
   */
  readonly onProgress?: Progress | undefined
}

/** Options of `put`. */
export interface PutOptions {
  /** Called as the value's bytes leave: `(bytes, total)`. On the embedded engine values do not travel, and it is never called. */
  readonly onProgress?: Progress | undefined
}

/** What `wait` waits for, and how long. */
export interface WaitForOptions extends GetOptions {
  /** How many refs to wait for. Default 1. */
  readonly numReturns?: number | undefined
  /** Accepted because Ray has it. Values come when somebody asks for them, by `await` or `get`. */
  readonly fetchLocal?: boolean | undefined
}

/** The values of refs: `[ObjectRef<A>, ObjectRef<B>]` becomes `[A, B]`. */
export type RefValues<Refs extends readonly ObjectRef<unknown>[]> = {
  -readonly [Index in keyof Refs]: Refs[Index] extends ObjectRef<infer T> ? T : never
}

const getKeys = ['timeout', 'signal', 'onProgress']
const waitKeys = ['timeout', 'signal', 'numReturns', 'fetchLocal']
/** How many ids a message names. */
const mostIds = 5

/** `Runtime.put` */
export function putObject<T>(engine: ObjectEngine, value: T, options: PutOptions = {}): ObjectRef<T> {
  checkKeys('the options of put', options, ['onProgress'])
  checkProgress(options.onProgress)
  if (portOf(value) !== undefined) {
    throw new TypeError(
      "'value' must not be an ObjectRef: it stands for a stored object already. Inside an array or object it can be stored",
    )
  }
  return new ObjectRef<T>(engine.put(value, options.onProgress))
}

/** `Runtime.get` */
export async function getObjects(
  engine: ObjectEngine,
  refs: unknown,
  options: GetProgressOptions = {},
): Promise<unknown> {
  checkWaiting('the options of get', options, getKeys)
  checkProgress(options.onProgress)
  const ports = Array.isArray(refs) ? portsOf(engine, refs) : [portFor(engine, 'refs', refs)]
  const unique = [...new Set(ports)]
  // The handles may be disposed of while they are waited for.
  for (const port of unique) port.retain()
  try {
    const values = await gather(engine, ports, options)
    return Array.isArray(refs) ? values : values[0]
  } finally {
    for (const port of unique) port.release()
  }
}

/** Waits until all have a value, and takes it; throws when one has failed, or when the time is over. */
async function gather(
  engine: ObjectEngine,
  ports: readonly ObjectPort[],
  options: GetProgressOptions,
): Promise<unknown[]> {
  const gathering = new Gathering(ports, { needed: ports.length, values: true, progress: options.onProgress })
  await gathering.wait(options)
  if (engine.lost !== undefined) throw engine.lost
  if (!gathering.complete) {
    const all = [...new Set(ports)]
    const pending = all.filter((port) => !port.fetched)
    throw new GetTimeoutError(
      `${pending.length} of ${all.length} objects had no value within ${options.timeout} ms: ${namesOf(pending)}`,
    )
  }
  return gathering.values()
}

/** `Runtime.wait` */
export async function waitForObjects<Ref extends ObjectRef<unknown>>(
  engine: ObjectEngine,
  refs: readonly Ref[],
  options: WaitForOptions = {},
): Promise<[ready: Ref[], pending: Ref[]]> {
  checkWaiting('the options of wait', options, waitKeys)
  if (!Array.isArray(refs)) throw new TypeError(`'refs' must be an array of ObjectRefs, got ${show(refs)}`)
  const ports = portsOf(engine, refs)
  refuseDuplicates(ports)
  const { numReturns = 1 } = options
  checkCount('numReturns', numReturns, 1, false)
  if (numReturns > Math.max(ports.length, 1)) {
    throw new RangeError(`'numReturns' must not be more than the number of refs, ${ports.length}, got ${numReturns}`)
  }
  await new Gathering(ports, { needed: Math.min(numReturns, ports.length), values: false }).wait(options)
  if (engine.lost !== undefined) throw engine.lost
  const ready: Ref[] = []
  const pending: Ref[] = []
  for (const [index, port] of ports.entries()) {
    const ref = refs[index] as Ref
    if (port.settled && ready.length < numReturns) ready.push(ref)
    else pending.push(ref)
  }
  return [ready, pending]
}

/** `Runtime.free` */
export async function freeObjects(engine: ObjectEngine, refs: unknown): Promise<void> {
  await engine.free(Array.isArray(refs) ? portsOf(engine, refs) : [portFor(engine, 'refs', refs)])
}

function portsOf(engine: ObjectEngine, refs: readonly unknown[]): ObjectPort[] {
  return refs.map((ref, index) => portFor(engine, `refs[${index}]`, ref))
}

function portFor(engine: ObjectEngine, name: string, ref: unknown): ObjectPort {
  const port = portOf(ref)
  if (port === undefined) throw new TypeError(`'${name}' must be an ObjectRef, got ${show(ref)}`)
  if (port.engine !== engine) throw new TypeError(`'${name}', object ${port.id}, belongs to another runtime`)
  return port
}

function refuseDuplicates(ports: readonly ObjectPort[]): void {
  const seen = new Map<string, number>()
  for (const [index, { id }] of ports.entries()) {
    const first = seen.get(id)
    if (first !== undefined)
      throw new RangeError(`'refs[${index}]' must not be the same object as 'refs[${first}]', ${id}`)
    seen.set(id, index)
  }
}

function checkWaiting(what: string, options: GetOptions, keys: readonly string[]): void {
  checkKeys(what, options, keys)
  checkTime('timeout', options.timeout)
  checkSignal(options.signal)
}

function checkProgress(value: unknown): void {
  if (value !== undefined && typeof value !== 'function') {
    throw new TypeError(`'onProgress' must be a function, got ${show(value)}`)
  }
}

function namesOf(ports: readonly ObjectPort[]): string {
  const names = ports.slice(0, mostIds).map((port) => port.id)
  return ports.length > mostIds ? `${names.join(', ')}, …` : names.join(', ')
}
