import { availableParallelism, totalmem } from 'node:os'
import { SerializerRegistry } from '../codec/serializer-registry.ts'
import { LocalEngine } from '../engine/local/engine.ts'
import { threadContext } from '../engine/thread-context.ts'
import { KlawError } from '../errors.ts'
import { checkCount, checkKeys, show } from './arguments.ts'
import { handleMakers } from './handle-makers.ts'
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

/** The part of the memory that Ray gives to its object store. */
const storePart = 0.3

/**
 * Opens a runtime. Without an address it is the embedded engine: worker threads of this process, nothing to install.
 *
 * An idle runtime does not keep the process alive.
 *
 * @param address undefined, or `'embedded'`
 * @throws TypeError, RangeError for a wrong argument, naming it
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
export async function connect(address?: string, options: ConnectOptions = {}): Promise<Runtime> {
  if (address !== undefined && address !== 'embedded') {
    throw new RangeError(
      `'address' must be undefined or 'embedded': this version has no other engine, got ${show(address)}`,
    )
  }
  checkKeys('the options of connect', options, ['namespace', 'numCpus', 'objectStoreMemory'])
  const {
    namespace = 'klaw',
    numCpus = availableParallelism(),
    objectStoreMemory = Math.floor(totalmem() * storePart),
  } = options
  checkName('namespace', namespace)
  checkCount('numCpus', numCpus, 1, false)
  checkCount('objectStoreMemory', objectStoreMemory, 1, false)
  refuseInsideActors()
  const serializers = new SerializerRegistry()
  const engine = await LocalEngine.start(
    { makers: handleMakers, serializers, clock: systemClock, namespace },
    { numCpus, objectStoreMemory, namespace },
  )
  const runtime: Runtime = new Runtime(engine, serializers, () => unregister())
  const unregister = registerRuntime(runtime)
  return runtime
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
