/** Amounts by resource name, Ray's names: `CPU`, `GPU`, `object_store_memory` in bytes, and custom ones. */
export type ResourceAmounts = Readonly<Record<string, number>>

/** One machine of the cluster. */
export interface NodeInfo {
  readonly nodeId: string
  readonly alive: boolean
  readonly hostname: string
  /** Of the machine in its cluster's network; `127.0.0.1` on the embedded engine. */
  readonly address: string
  /** What actors and tasks may claim on it, claimed or not. */
  readonly resources: ResourceAmounts
}

/** Tells what there is to run on. */
export interface ClusterEngine {
  nodes(): Promise<NodeInfo[]>
  /** Of all nodes together. */
  total(): Promise<ResourceAmounts>
  /** What nobody has claimed now. */
  available(): Promise<ResourceAmounts>
}
