import { connect, type Runtime } from '@klaw/core'
import type { Contender, Scale } from '../harness/definition.ts'
import { type Repeated, repeats } from '../harness/rate.ts'
import { klaw } from '../peers/versions.ts'
import { PythonPeer } from './python-peer.ts'
import { leaveCluster, useCluster } from './shared-cluster.ts'

/** Ours: `start` gets a runtime on the shared cluster. */
export function ours(start: (runtime: Runtime, scale: Scale) => Promise<Repeated>): Contender {
  return repeats('klaw', `${klaw} from Node`, async (scale) => {
    const cluster = await useCluster()
    const runtime = await connect(cluster.address)
    const work = await start(runtime, scale)
    return {
      ...work,
      stop: async () => {
        await work.stop?.()
        await runtime.shutdown()
        await leaveCluster()
      },
    }
  })
}

/** The same work by a Python driver inside the cluster, and by Python's Ray Client. */
export function pythons(work: string, most?: number): Contender[] {
  return [
    python('driver', 'in-cluster', 'Python driver in the cluster', work, most),
    python('client', 'ray-client', 'Python Ray Client', work, most),
  ]
}

function python(kind: 'driver' | 'client', id: string, name: string, work: string, most?: number): Contender {
  return repeats(id, name, async () => {
    const cluster = await useCluster()
    const peer = await PythonPeer.start(
      cluster.ray.python,
      kind,
      kind === 'driver' ? cluster.gcsAddress : cluster.address,
    )
    return {
      ...(most === undefined ? {} : { most }),
      run: async (count) => {
        await peer.run(work, count)
      },
      stop: async () => {
        await peer.stop()
        await leaveCluster()
      },
    }
  })
}
