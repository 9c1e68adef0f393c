/**
 * Runs the tests of the Ray engine on each Ray that klaw is tested with, in an environment of its own that is made where it is not there.
 *
 *     npm run test:rays [-- VERSION… TEST-FILE…]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './lib/run.mjs'

/** A year apart: the newest, and the oldest. */
const tested = ['2.60.0', '2.51.0']

const isVersion = (/** @type {string} */ argument) => /^\d+\.\d+\.\d+$/.test(argument)
const asked = process.argv.slice(2)
const versions = asked.filter(isVersion)
const filters = asked.filter((argument) => !isVersion(argument))

/** @type {string[][]} */
const rows = [['Ray', 'passed', 'failed', 'skipped', 'seconds']]
const folder = mkdtempSync(join(tmpdir(), 'klaw-rays-'))
try {
  for (const version of versions.length > 0 ? versions : tested) {
    console.log(`\nRay ${version}`)
    const start = performance.now()
    const { code, counts } = await test(version)
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    rows.push([version, ...counts, seconds])
    if (code !== 0) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
console.log()
for (const row of rows) console.log(row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))

/**
 * @param {string} version
 * @returns {Promise<{ code: number, counts: string[] }>}
 */
async function test(version) {
  const report = join(folder, `${version}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'ray', ...reporters, ...filters]
  // A Ray that KLAW_RAY names would be another version; and a run without any Ray would be no test.
  const env = { KLAW_RAY: '', KLAW_RAY_VERSION: version, KLAW_REQUIRE_RAY: '1' }
  const { code } = await run(process.execPath, args, { inherit: true, env })
  return { code, counts: countsIn(report) }
}

/** @param {string} report */
function countsIn(report) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
    return [numPassedTests, numFailedTests, numPendingTests].map(String)
  } catch {
    // It ended before there was anything to report, and has said why.
    return ['-', '-', '-']
  }
}
