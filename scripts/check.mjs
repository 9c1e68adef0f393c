/**
 * Runs everything that CI runs, one line a step; the output of a step that fails follows its line.
 *
 *     npm run check [-- STEP…]
 */
import { runPython } from './lib/python.mjs'
import { bin, run } from './lib/run.mjs'

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} command
 * @property {string[]} args
 * @property {boolean} [python] the command is a Python module; skipped where there is no Python, unless KLAW_REQUIRE_RAY is set
 * @property {boolean} [talks] its output is for the reader also when it succeeds
 */

/** @type {Step[]} */
const steps = [
  { name: 'lint', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { name: 'imports', command: bin('depcruise'), args: ['src', '--config', '.dependency-cruiser.cjs'] },
  { name: 'unused', command: bin('knip'), args: ['--no-progress'] },
  { name: 'types', command: bin('tsc'), args: ['-p', 'tsconfig.json'] },
  { name: 'types-browser', command: bin('tsc'), args: ['-p', 'tsconfig.channel.json'] },
  { name: 'types-scripts', command: bin('tsc'), args: ['-p', 'scripts'] },
  { name: 'channel', command: process.execPath, args: ['scripts/check-channel.mjs'], talks: true },
  { name: 'package', command: process.execPath, args: ['scripts/check-package.mjs'], talks: true },
  { name: 'python-lint', command: 'ruff', args: ['check', '--quiet', 'python'], python: true },
  { name: 'python-format', command: 'ruff', args: ['format', '--check', '--quiet', 'python'], python: true },
  {
    name: 'python-types',
    command: 'mypy',
    args: ['--config-file', 'python/pyproject.toml', 'python/klaw_agent', 'python/klaw_cluster', 'python/klaw'],
    python: true,
  },
  { name: 'python-test', command: 'pytest', args: ['-c', 'python/pyproject.toml', 'python/tests'], python: true },
  // Last and unwrapped, so that its closing line 'N passed, N failed' closes the whole run.
  { name: 'test', command: 'npm', args: ['test', '--silent'] },
]

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => steps.every((step) => step.name !== name))
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; there are ${steps.map((step) => step.name).join(', ')}`)
  process.exit(2)
}

/** @type {string[]} */
const failed = []
for (const step of steps) {
  if (asked.length > 0 && !asked.includes(step.name)) continue
  const start = performance.now()
  const inherit = step.name === 'test'
  const { code, output, skipped } = await result(step, inherit)
  if (code !== 0) failed.push(step.name)
  if (inherit) continue
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const outcome = skipped === true ? 'skipped' : code === 0 ? 'ok' : 'FAILED'
  console.log(`${outcome.padEnd(7)} ${step.name.padEnd(14)} ${seconds.padStart(6)} s`)
  if (code !== 0 || skipped === true || step.talks === true) console.log(output.trimEnd().replace(/^/gm, '       '))
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`)
  process.exitCode = 1
}

/**
 * @param {Step} step
 * @param {boolean} inherit
 * @returns {Promise<{ code: number, output: string, skipped?: boolean }>}
 */
function result({ command, args, python }, inherit) {
  return python === true ? runPython(command, args) : run(command, args, { inherit })
}
