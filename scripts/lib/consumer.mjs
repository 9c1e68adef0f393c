import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cache, root } from './paths.mjs'
import { mustRun } from './run.mjs'

/**
 * Packs the package as `npm publish` would.
 *
 * @returns {Promise<string>} the tarball's path
 */
export async function pack() {
  const output = await mustRun('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    cache,
  ])
  const [packed] = JSON.parse(output.slice(output.indexOf('[')))
  return join(cache, packed.filename)
}

/**
 * Makes a temporary project out of test/package/ in which the tarball is installed, as a user would have it.
 *
 * @template T
 * @param {string} tarball
 * @param {(folder: string) => Promise<T>} use
 */
export async function withConsumer(tarball, use) {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-consumer-'))
  try {
    cpSync(join(root, 'test/package'), folder, { recursive: true })
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
    await mustRun('npm', ['install', ...quiet, tarball], { cwd: folder })
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
