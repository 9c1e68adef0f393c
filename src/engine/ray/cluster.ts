import type { Connection } from '../../wire/connection.ts'
import type { ClusterEngine, NodeInfo, ResourceAmounts } from '../cluster-engine.ts'

/** The machines of a Ray cluster. */
export class RayCluster implements ClusterEngine {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async nodes(): Promise<NodeInfo[]> {
    return (await this.#connection.request('cluster.nodes')) as NodeInfo[]
  }

  async total(): Promise<ResourceAmounts> {
    return (await this.#connection.request('cluster.total')) as ResourceAmounts
  }

  async available(): Promise<ResourceAmounts> {
    return (await this.#connection.request('cluster.available')) as ResourceAmounts
  }
}
