/**
 * Makes a clone ready to run: installs the packages, builds dist/. Does nothing when both are up to date.
 * Plain Node without dependencies, since it is what installs them.
 *
 *     node scripts/setup.mjs [--force-build]
 */
import { ensureBuilt } from './lib/build.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { withLock } from './lib/lock.mjs'
import { cache } from './lib/paths.mjs'

const say = (/** @type {string} */ line) => console.error(`setup: ${line}`)

try {
  await withLock(
    `${cache}setup.lock`,
    async () => {
      await ensureInstalled(say)
      await ensureBuilt(say, { force: process.argv.includes('--force-build') })
    },
    () => say('another set-up is running, waiting for it'),
  )
} catch (error) {
  console.error(`setup: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
