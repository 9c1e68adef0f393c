import { connect } from '@klaw/core'
import type { Benchmark, Rounds } from '../harness/definition.ts'
import { klaw } from '../peers/versions.ts'
import { PythonPeer } from './python-peer.ts'
import { leaveCluster, useCluster } from './shared-cluster.ts'

export const rayConnectBenchmark: Benchmark = {
  id: 'ray/connect',
  work: 'connect to a cluster, until the first call can be made',
  metrics: [{ key: 'time', unit: 'µs', better: 'lower', counts: 'median' }],
  ours: {
    id: 'klaw',
    name: `${klaw} from Node`,
    async start(): Promise<Rounds> {
      const cluster = await useCluster()
      return {
        async round() {
          const start = performance.now()
          const runtime = await connect(cluster.address)
          const time = (performance.now() - start) * 1000
          await runtime.shutdown()
          return { time }
        },
        stop: leaveCluster,
      }
    },
  },
  peers: [
    {
      id: 'ray-client',
      name: 'Python Ray Client',
      async start(): Promise<Rounds> {
        const cluster = await useCluster()
        return {
          async round() {
            const peer = await PythonPeer.start(cluster.ray.python, 'client', cluster.address)
            await peer.stop()
            return { time: peer.connected * 1000 }
          },
          stop: leaveCluster,
        }
      },
    },
  ],
}
