import { connect } from '@klaw/core'
import { expectEqual } from '../harness/check.ts'
import { type Benchmark, type Contender, type Rounds, rate } from '../harness/definition.ts'
import { klaw } from '../peers/versions.ts'
import { ours, pythons } from './contenders.ts'
import { PythonPeer } from './python-peer.ts'
import { leaveCluster, useCluster } from './shared-cluster.ts'

const hundredMegabytes = 100_000_000

function oursLarge(
  prepare: (runtime: Awaited<ReturnType<typeof connect>>, array: Float64Array) => () => Promise<void>,
): Contender {
  return {
    id: 'klaw',
    name: `${klaw} from Node`,
    async start(): Promise<Rounds> {
      const cluster = await useCluster()
      const runtime = await connect(cluster.address)
      const pass = prepare(runtime, new Float64Array(hundredMegabytes / 8).fill(1.5))
      return {
        async round() {
          const start = performance.now()
          await pass()
          return { speed: hundredMegabytes / (performance.now() - start) / 1e6 }
        },
        stop: async () => {
          await runtime.shutdown()
          await leaveCluster()
        },
      }
    },
  }
}

function pythonLarge(kind: 'driver' | 'client', id: string, name: string, work: string): Contender {
  return {
    id,
    name,
    async start(): Promise<Rounds> {
      const cluster = await useCluster()
      const peer = await PythonPeer.start(
        cluster.ray.python,
        kind,
        kind === 'driver' ? cluster.gcsAddress : cluster.address,
      )
      return {
        round: async () => ({ speed: hundredMegabytes / (await peer.run(work, 1)) / 1e6 }),
        stop: async () => {
          await peer.stop()
          await leaveCluster()
        },
      }
    },
  }
}

const pythonsLarge = (work: string) => [
  pythonLarge('driver', 'in-cluster', 'Python driver in the cluster', work),
  pythonLarge('client', 'ray-client', 'Python Ray Client', work),
]

export const rayObjectBenchmarks: readonly Benchmark[] = [
  {
    id: 'ray/put-1-kb',
    work: 'put 1 KB of bytes; ours with up to 1,000 under way',
    metrics: rate(),
    ours: ours(async (runtime) => {
      const bytes = new Uint8Array(1024)
      return {
        most: 1_000,
        async run(count) {
          const refs = Array.from({ length: count }, () => runtime.put(bytes))
          const [ready] = await runtime.wait(refs, { numReturns: count })
          expectEqual('the objects in the store', ready.length, count)
          for (const ref of refs) ref[Symbol.dispose]()
        },
      }
    }),
    peers: pythons('put_small', 1_000),
  },
  {
    id: 'ray/put-100-mb',
    work: 'put a Float64Array of 100 MB',
    metrics: [{ key: 'speed', unit: 'GB/s', better: 'higher', goal: 1 }],
    ours: oursLarge((runtime, array) => async () => {
      const ref = runtime.put(array)
      await runtime.wait([ref])
      ref[Symbol.dispose]()
    }),
    peers: pythonsLarge('put_large'),
  },
  {
    id: 'ray/get-100-mb',
    work: 'get a Float64Array of 100 MB',
    metrics: [{ key: 'speed', unit: 'GB/s', better: 'higher', goal: 0.7 }],
    ours: oursLarge((runtime, array) => {
      const ref = runtime.put(array)
      return async () => {
        const value = await ref
        expectEqual('the length', value.length, array.length)
        expectEqual('the last element', value.at(-1), 1.5)
      }
    }),
    peers: pythonsLarge('get_large'),
  },
]
