import { KlawError } from '../errors.ts'
import type { EnsureRayOptions } from './ray-installation.ts'

/** What a node of a cluster offers. */
export interface NodeOptions {
  /** Logical CPUs. The default is what the machine has. */
  readonly numCpus?: number | undefined
  readonly numGpus?: number | undefined
  /** Custom resources by name. */
  readonly resources?: Readonly<Record<string, number>> | undefined
  /** Bytes; at least 75 MiB, 500 MB unless told otherwise. */
  readonly objectStoreMemory?: number | undefined
  /**
   * Environment variables of all its processes, added to those of this process. `RAY_USE_TLS`, `RAY_TLS_*`,
   * `RAY_AUTH_MODE` and the like belong here; without that, the cluster demands no token.
   */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Folders from which the workers can import modules. */
  readonly pythonPath?: readonly string[] | undefined
  /** Milliseconds within which the node must be up; 60,000 unless told otherwise. Installing Ray does not count. */
  readonly startTimeout?: number | undefined
}

export interface ClusterOptions extends NodeOptions, EnsureRayOptions {
  /**
   * Whether the head lives until somebody stops it, rather than until this process ends, in whatever way. False unless
   * told otherwise.
   */
  readonly detached?: boolean | undefined
}

/** Ray takes nothing smaller. */
const smallestObjectStore = 75 * 1024 * 1024

/** @throws RangeError for a number that Ray would refuse, before anything is started. */
export function checkNodeOptions({
  numCpus,
  numGpus,
  resources = {},
  objectStoreMemory,
  startTimeout,
}: NodeOptions): void {
  checkAmount('numCpus', numCpus)
  checkAmount('numGpus', numGpus)
  for (const [name, amount] of Object.entries(resources)) {
    if (!(amount >= 0 && Number.isFinite(amount))) throw new RangeError(`resources.${name} is not an amount: ${amount}`)
  }
  if (objectStoreMemory !== undefined && !(objectStoreMemory >= smallestObjectStore)) {
    throw new RangeError(`objectStoreMemory is less than ${smallestObjectStore} bytes: ${objectStoreMemory}`)
  }
  if (startTimeout !== undefined && !(startTimeout > 0)) {
    throw new RangeError(`startTimeout is not a time: ${startTimeout}`)
  }
}

function checkAmount(name: string, amount: number | undefined): void {
  if (amount !== undefined && !(Number.isSafeInteger(amount) && amount >= 0)) {
    throw new RangeError(`${name} is not a whole number: ${amount}`)
  }
}

/** @throws KlawError where Ray's processes cannot be told apart from others. */
export function checkPlatform(): void {
  if (process.platform === 'win32') {
    throw new KlawError(
      'a local Ray can be started on Linux and macOS only; on Windows use WSL, or connect to a cluster',
    )
  }
}
