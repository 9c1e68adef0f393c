import { fileURLToPath } from 'node:url'
import { developmentRequirements } from '../../../scripts/lib/python.mjs'
import type { ClusterOptions } from '../../../src/cluster.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Which Ray the tests run on: the one in `.venv`, made if needed, or `KLAW_RAY`, or a `KLAW_RAY_VERSION`. */
export function rayOptions(): ClusterOptions {
  return {
    folder: root,
    rayVersion: process.env.KLAW_RAY_VERSION || undefined,
    requirements: process.env.KLAW_RAY ? [] : developmentRequirements(),
    // The second: what programs on the cluster import, `klaw`.
    pythonPath: [`${root}test/fixtures/python`, `${root}python`],
  }
}
