/**
 * Ray clusters on this machine, to develop and test against: `@klaw/core/cluster`. The command `klaw` is made of it.
 *
 * @module
 */

export { isListening } from './cluster/listening.ts'
export { type ClusterNode, LocalCluster } from './cluster/local-cluster.ts'
export type { ClusterOptions, NodeOptions } from './cluster/options.ts'
export type { ProcessIdentity } from './cluster/process-table.ts'
export { findPython, type PythonInstallation } from './cluster/python.ts'
export {
  type EnsureRayOptions,
  ensureRay,
  type FindRayOptions,
  findRay,
  type RayInstallation,
} from './cluster/ray-installation.ts'
export { listClusters, type RunningCluster, stopCluster } from './cluster/running-clusters.ts'
export { startCluster } from './cluster/start-cluster.ts'
export { KlawError } from './errors.ts'
