import { readFileSync } from 'node:fs'
import { connect, pyActorClass, type Runtime } from '@klaw/core'
import type { Benchmark, Contender, Measured, Rounds, Scale } from '../harness/definition.ts'
import { klaw } from '../peers/versions.ts'
import { leaveCluster, useCluster } from '../ray/shared-cluster.ts'
import { Counter } from './actors.ts'

interface PythonShape {
  process(): number
}

const PythonCounter = pyActorClass<PythonShape>('bench_counter', 'Counter')
const options = { numCpus: 0 }

function resting(id: string, name: string, measure: (runtime: Runtime, count: number) => Promise<Measured>): Contender {
  return {
    id,
    name,
    async start(scale: Scale): Promise<Rounds> {
      const cluster = await useCluster()
      const runtime = await connect(cluster.address)
      return {
        round: () => measure(runtime, scale.count(4, 1)),
        stop: async () => {
          await runtime.shutdown()
          await leaveCluster()
        },
      }
    },
  }
}

async function typeScript(runtime: Runtime, count: number): Promise<Measured> {
  const bare = await python(runtime, count)
  const actors = Array.from({ length: count }, () => runtime.actor(Counter, options).remote())
  const processes = await Promise.all(actors.map((actor) => actor.processes.remote()))
  const memory = processes.flat().reduce((sum, id) => sum + shareOf(id), 0) / count
  await Promise.all(actors.map((actor) => runtime.kill(actor)))
  return { memory, more: memory - bare.memory }
}

async function python(runtime: Runtime, count: number): Promise<{ memory: number; more: number }> {
  const actors = Array.from({ length: count }, () => runtime.actor(PythonCounter, options).remote())
  const processes = await Promise.all(actors.map((actor) => actor.process.remote()))
  const memory = processes.reduce((sum, id) => sum + shareOf(id), 0) / count
  await Promise.all(actors.map((actor) => runtime.kill(actor)))
  return { memory, more: 0 }
}

/** Bytes that a process has in memory, where what several have in common is shared out among them. Linux only. */
function shareOf(processId: number): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/smaps_rollup`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

export const typeScriptMemoryBenchmark: Benchmark = {
  id: 'ray-typescript/idle-actor',
  work: 'an actor that has been called once',
  metrics: [
    { key: 'memory', unit: 'bytes', better: 'lower', counts: 'median', work: 'memory of all its processes' },
    {
      key: 'more',
      unit: 'bytes',
      better: 'lower',
      counts: 'median',
      goal: 90e6,
      work: 'that over the memory of one in Python',
    },
  ],
  ours: resting('klaw', klaw, typeScript),
  peers: [resting('python', 'actor in Python', python)],
}
