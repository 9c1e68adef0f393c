/**
 * Runs the packed package's smoke test and the conformance suite on other versions of Node.
 *
 *     npm run test:nodes [-- 22 24]
 */
import { existsSync } from 'node:fs'
import { pack, withConsumer } from './lib/consumer.mjs'
import { root } from './lib/paths.mjs'
import { run } from './lib/run.mjs'

const asked = process.argv.slice(2)
const versions = asked.length > 0 ? asked : ['22', '24', '26']

/** The npm package `node` carries the binary. */
const on = (/** @type {string} */ version, /** @type {string[]} */ ...args) =>
  /** @type {const} */ (['-y', '--loglevel=error', '-p', `node@${version}`, '--', 'node', ...args])

await withConsumer(await pack(), async (folder) => {
  for (const version of versions) {
    const smoke = await run('npx', on(version, 'smoke.mjs'), { cwd: folder })
    console.log(`Node ${version}, packed package: ${smoke.code === 0 ? '' : 'failed\n'}${smoke.output.trim()}`)
    if (smoke.code !== 0) process.exitCode = 1
    if (!existsSync(`${root}test/conformance`)) continue
    const suite = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'conformance']
    const { code } = await run('npx', on(version, ...suite), { inherit: true })
    console.log(`Node ${version}, conformance: ${code === 0 ? 'ok' : 'failed'}`)
    if (code !== 0) process.exitCode = 1
  }
})
