import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ClusterOptions } from '../../../src/cluster.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The Python packages that the checks and tests of `python/` need; the same environment serves them. */
function developmentRequirements(): string[] {
  const lines = readFileSync(`${root}python/requirements-dev.txt`, 'utf8').split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

/** Which Ray the tests run on: the one in `.venv`, made if needed, or `KLAW_RAY`, or a `KLAW_RAY_VERSION`. */
export function rayOptions(): ClusterOptions {
  return {
    folder: root,
    rayVersion: process.env.KLAW_RAY_VERSION || undefined,
    requirements: process.env.KLAW_RAY ? [] : developmentRequirements(),
    pythonPath: [`${root}test/fixtures/python`],
  }
}
