import { hostname } from 'node:os'
import type { ClusterEngine, NodeInfo, ResourceAmounts } from '../cluster-engine.ts'
import type { ObjectEngine } from '../object-engine.ts'
import type { Client } from './client.ts'

/** What the hub answers to `cluster.resources`. */
export interface HubResources {
  readonly total: ResourceAmounts
  readonly available: ResourceAmounts
}

/** The cluster of the embedded engine: this process. */
export class LocalCluster implements ClusterEngine {
  readonly #client: Client
  readonly #objects: ObjectEngine

  constructor(client: Client, objects: ObjectEngine) {
    this.#client = client
    this.#objects = objects
  }

  async nodes(): Promise<NodeInfo[]> {
    return [
      { nodeId: 'embedded', alive: true, hostname: hostname(), address: '127.0.0.1', resources: await this.total() },
    ]
  }

  async total(): Promise<ResourceAmounts> {
    const [{ total }, { limit }] = await Promise.all([this.#ask(), this.#objects.stats()])
    return { ...total, object_store_memory: limit }
  }

  async available(): Promise<ResourceAmounts> {
    const [{ available }, { limit, used }] = await Promise.all([this.#ask(), this.#objects.stats()])
    return { ...available, object_store_memory: limit - used }
  }

  async #ask(): Promise<HubResources> {
    return (await this.#client.connection.request('cluster.resources')) as HubResources
  }
}
