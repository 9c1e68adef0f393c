import { randomUUID } from 'node:crypto'
import { connect, type Runtime } from '@klaw/core'
import {
  type ClusterNode,
  type LocalCluster,
  type NodeOptions,
  type ProcessIdentity,
  startCluster,
} from '@klaw/core/cluster'
import { rayOptions } from '../../../support/ray/ray-options.ts'

/** Where actors and tasks of the tests go. */
export const onFirst = { numCpus: 0, resources: { first: 1 } }
export const onSecond = { numCpus: 0, resources: { second: 1 } }

/** Ray takes half a minute to give a node up, unless told otherwise. */
const impatience = {
  RAY_health_check_initial_delay_ms: '1000',
  RAY_health_check_period_ms: '1000',
  RAY_health_check_failure_threshold: '8',
}

const small = { numCpus: 2, objectStoreMemory: 200_000_000 }

/** A head with a resource of its own, to which nodes can be added that are lost. */
export function startHead({ resources = {}, env = {} }: NodeOptions = {}): Promise<LocalCluster> {
  const options = { ...rayOptions(), ...small, env: { ...impatience, ...env }, resources: { first: 100, ...resources } }
  return startCluster(options)
}

/** A further node, with a resource of its own as well. */
export function addSecond(
  cluster: LocalCluster,
  resources: Readonly<Record<string, number>> = {},
): Promise<ClusterNode> {
  return cluster.addNode({ ...small, resources: { second: 100, ...resources } })
}

export function openSession({ address }: LocalCluster): Promise<Runtime> {
  return connect(address as `ray://${string}`, { namespace: randomUUID(), timeout: 90_000 })
}

/** Whether the process belongs to the head, or node (Linux only). */
export function runsOn(owner: { processes(): ProcessIdentity[] }, pid: number): boolean {
  return owner.processes().some((process) => process.pid === pid)
}
