/**
 * Packs the package, looks at the tarball as publishing tools and type checkers do, installs it in an empty project,
 * and runs and type-checks a small user's program there.
 */
import { join } from 'node:path'
import { pack, withConsumer } from './lib/consumer.mjs'
import { root } from './lib/paths.mjs'
import { bin, mustRun } from './lib/run.mjs'

try {
  const tarball = await pack()
  await mustRun(bin('publint'), ['run', tarball, '--strict'])
  console.log('publint: clean')
  await mustRun(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'])
  console.log('attw: clean')
  await withConsumer(tarball, async (folder) => {
    const smoke = await mustRun(process.execPath, ['smoke.mjs'], { cwd: folder })
    console.log(`installed: ${smoke.trim()}`)
    const typeRoots = ['--typeRoots', join(root, 'node_modules/@types')]
    await mustRun(bin('tsc'), ['-p', join(folder, 'tsconfig.json'), ...typeRoots])
    await mustRun(bin('tsc'), ['-p', join(folder, 'tsconfig.browser.json')])
    console.log('installed: its types hold, with and without those of Node')
  })
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
