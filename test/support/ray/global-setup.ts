import type { TestProject } from 'vitest/node'
import { ensureRay, startCluster } from '../../../src/cluster.ts'
import type { ClaimedResource } from '../../conformance/engine.ts'
import { rayOptions } from './ray-options.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the head that the whole run shares: `ray://127.x.y.z:port`. */
    rayAddress: string
    /** Where a driver in Python connects to the same head. */
    rayGcsAddress: string
    /** A Python that has the head's Ray. */
    rayPython: string
    rayVersion: string
    /** Why there is no head; then nothing else is provided, and all tests are skipped. */
    rayUnavailable: string | undefined
  }
}

/** Each is claimed by one test file alone, see test/conformance/engine.ts. */
const resources: Record<ClaimedResource, number> = { lifetime: 4, closing: 1, queues: 1, tasks: 2, pools: 4 }

const onProgress = (line: string) => console.error(`ray: ${line}`)

/** Starts one head for all tests of the project `ray`. Installs Ray first where there is none. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const options = { ...rayOptions(), onProgress }
  try {
    await ensureRay(options)
  } catch (error) {
    // The head itself is not optional: where there is a Ray, it has to start.
    if (process.env.KLAW_REQUIRE_RAY) throw error
    project.provide('rayUnavailable', error instanceof Error ? error.message : String(error))
    return undefined
  }
  const cluster = await startCluster({ ...options, numCpus: 8, resources, objectStoreMemory: 1_000_000_000 })
  project.provide('rayUnavailable', undefined)
  project.provide('rayAddress', cluster.address)
  project.provide('rayGcsAddress', cluster.gcsAddress)
  project.provide('rayPython', cluster.ray.python)
  project.provide('rayVersion', cluster.rayVersion)
  return () => cluster.stop()
}
