import { connect } from '@klaw/core'
import type { Benchmark, Contender, Rounds } from '../harness/definition.ts'
import { klaw } from '../peers/versions.ts'
import { PythonPeer } from '../ray/python-peer.ts'
import { leaveCluster, useCluster } from '../ray/shared-cluster.ts'
import { Counter } from './actors.ts'
import { NewModules } from './new-modules.ts'
import { untilWorkerIsReady } from './spare-worker.ts'

/** Where each actor needs a new worker: otherwise the first ones would get workers that Ray has started in advance, and the others not. */
const freshWorkers = { name: 'fresh workers', env: { RAY_prestart_worker_first_driver: '0' } }
/** The same on all sides. */
const options = { numCpus: 1 }

interface Creation {
  definition(): Promise<typeof Counter>
  /** Whether actors live until the next one has a worker to go to; otherwise they end before they ask for one. */
  readonly settles?: boolean
  stopped?(): void
}

function oursReady({ definition, settles = false, stopped }: Creation): Contender {
  return {
    id: 'klaw',
    name: `${klaw} from Node`,
    async start(): Promise<Rounds> {
      const cluster = await useCluster(freshWorkers.name, freshWorkers.env)
      const runtime = await connect(cluster.address)
      const round = async () => {
        const Defined = await definition()
        const start = performance.now()
        const actor = runtime.actor(Defined, options).remote()
        await actor.ready()
        const time = (performance.now() - start) * 1000
        if (settles) {
          const [, worker = 0] = await actor.processes.remote()
          await untilWorkerIsReady(worker)
        }
        await runtime.kill(actor)
        return { time }
      }
      // What the first actor of all needs: this package itself in the cluster, and on the node.
      await round()
      return {
        round,
        stop: async () => {
          await runtime.shutdown()
          await leaveCluster(freshWorkers.name)
          stopped?.()
        },
      }
    },
  }
}

function python(work: string): Contender {
  return {
    id: 'in-cluster',
    name: 'Python driver in the cluster, actor in Python',
    async start(): Promise<Rounds> {
      const cluster = await useCluster(freshWorkers.name, freshWorkers.env)
      const peer = await PythonPeer.start(cluster.ray.python, 'driver', cluster.gcsAddress)
      const round = async () => ({ time: (await peer.run(work, 1)) * 1000 })
      await round()
      return {
        round,
        stop: async () => {
          await peer.stop()
          await leaveCluster(freshWorkers.name)
        },
      }
    },
  }
}

const time = { key: 'time', unit: 'µs', better: 'lower', counts: 'median' } as const
const newModules = new NewModules()

/** From the request until its constructor has run, and it can be called. */
export const typeScriptCreationBenchmarks: readonly Benchmark[] = [
  {
    id: 'ray-typescript/first-actor',
    work: 'create an actor of a module, or class, that the cluster does not know yet, until it is ready; in a new worker',
    metrics: [time],
    ours: oursReady({ definition: () => newModules.next(), stopped: () => newModules.remove() }),
    peers: [python('first_actor')],
  },
  {
    id: 'ray-typescript/next-actor',
    work: 'create another actor of the same module or class, until it is ready; ours gets the worker that the actor before has asked Ray for in advance, two seconds after it was ready; in Python in a new worker, as ever',
    metrics: [time],
    ours: oursReady({ definition: async () => Counter, settles: true }),
    peers: [python('next_actor')],
  },
]
