import { readFileSync } from 'node:fs'
import { root } from './paths.mjs'
import { run } from './run.mjs'

/** The Python packages that the checks and tests of `python/` need beside Ray. The same environment, .venv, serves both. */
export function developmentRequirements() {
  const lines = readFileSync(`${root}python/requirements-dev.txt`, 'utf8').split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

/**
 * Runs a Python module from .venv, which is made where it is not there; needs dist/. Where it can not be made, the step
 * is skipped, or fails if KLAW_REQUIRE_RAY is set.
 *
 * @param {string} module
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, output: string, skipped?: boolean }>}
 */
export async function runPython(module, args) {
  const { ensureRay } = await import('@klaw/core/cluster')
  let python
  try {
    const options = { folder: root, requirements: developmentRequirements() }
    python = (await ensureRay({ ...options, onProgress: (line) => console.error(`python: ${line}`) })).python
  } catch (error) {
    const output = error instanceof Error ? error.message : String(error)
    return process.env.KLAW_REQUIRE_RAY ? { code: 1, output } : { code: 0, output, skipped: true }
  }
  return run(python, ['-m', module, ...args])
}
