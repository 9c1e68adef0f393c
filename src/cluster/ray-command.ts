import { delimiter } from 'node:path'
import type { NodeOptions } from './options.ts'
import type { RayInstallation } from './ray-installation.ts'
import { script } from './script.ts'

const defaultObjectStoreMemory = 500_000_000

/** Where the parts of a head are reached. */
export interface HeadPorts {
  readonly address: string
  readonly gcs: number
  readonly client: number
  readonly nodeManager: number
}

/** Starts a head which stays in the foreground: `ray`, but for the ports of client sessions (`klaw_cluster/head.py`). */
export function headCommand(
  { python, ray }: Pick<RayInstallation, 'python' | 'ray'>,
  ports: HeadPorts,
  temporaryFolder: string,
  options: NodeOptions,
): string[] {
  return [python, script('head.py'), ray, ...headArguments(ports, temporaryFolder, options)]
}

/** The arguments of `ray` that start a head which stays in the foreground. */
export function headArguments(ports: HeadPorts, temporaryFolder: string, options: NodeOptions): string[] {
  return [
    'start',
    '--head',
    `--port=${ports.gcs}`,
    `--ray-client-server-port=${ports.client}`,
    '--include-dashboard=false',
    ...commonArguments(ports.address, ports.nodeManager, temporaryFolder, options),
  ]
}

/** The arguments of `ray` that start a further node which stays in the foreground. */
export function joinArguments(
  gcsAddress: string,
  address: string,
  nodeManager: number,
  temporaryFolder: string,
  options: NodeOptions,
): string[] {
  return ['start', `--address=${gcsAddress}`, ...commonArguments(address, nodeManager, temporaryFolder, options)]
}

function commonArguments(address: string, nodeManager: number, folder: string, options: NodeOptions): string[] {
  const { numCpus, numGpus, resources, objectStoreMemory = defaultObjectStoreMemory } = options
  return [
    '--block',
    '--disable-usage-stats',
    '--log-style=record',
    '--log-color=false',
    `--node-ip-address=${address}`,
    `--node-manager-port=${nodeManager}`,
    `--temp-dir=${folder}`,
    `--object-store-memory=${objectStoreMemory}`,
    ...(numCpus === undefined ? [] : [`--num-cpus=${numCpus}`]),
    ...(numGpus === undefined ? [] : [`--num-gpus=${numGpus}`]),
    ...(resources === undefined ? [] : [`--resources=${JSON.stringify(resources)}`]),
  ]
}

/** The environment of all processes of a node. */
export function nodeEnvironment({ env = {}, pythonPath = [] }: NodeOptions): NodeJS.ProcessEnv {
  // These two say which cluster a client is for; `ray start` would take the first for its own.
  const { RAY_ADDRESS: _address, RAY_NAMESPACE: _namespace, ...inherited } = process.env
  const environment: NodeJS.ProcessEnv = {
    // Recent Rays demand a token of everybody as soon as there is one in the home folder, which `ray.init()` leaves there; clients show it when told to.
    RAY_AUTH_MODE: 'disabled',
    ...inherited,
    RAY_USAGE_STATS_ENABLED: '0',
    PYTHONUNBUFFERED: '1',
    ...env,
  }
  const path = [...pythonPath, ...(environment.PYTHONPATH === undefined ? [] : [environment.PYTHONPATH])]
  return path.length === 0 ? environment : { ...environment, PYTHONPATH: path.join(delimiter) }
}
