import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cache, root } from './paths.mjs'
import { bin, mustRun } from './run.mjs'

const dist = `${root}dist`
const stamp = `${cache}built`
const inputs = ['src', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsdown.config.ts']

/**
 * Builds dist/ unless it was built from these very sources.
 *
 * @param {(line: string) => void} say
 * @param {{ force?: boolean }} [options]
 */
export async function ensureBuilt(say, options = {}) {
  const fingerprint = fingerprintOf(inputs)
  if (options.force !== true && isBuilt(fingerprint)) return
  say('building dist/ (tsdown)')
  // As deep as dist/ itself: source maps name the sources by relative paths.
  const fresh = `${root}.dist-${process.pid}`
  const old = `${cache}dist-old-${process.pid}`
  try {
    await mustRun(bin('tsdown'), ['--out-dir', fresh], { env: { NO_COLOR: '1' } })
    // Built aside and renamed into place, so that a test that runs at this moment never sees half a build.
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(fresh, dist)
    writeFileSync(stamp, fingerprint)
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} fingerprint */
function isBuilt(fingerprint) {
  return existsSync(`${dist}/index.js`) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint
}

/**
 * Contents rather than dates: a checkout changes dates only, and a deleted file leaves none.
 *
 * @param {readonly string[]} paths
 */
function fingerprintOf(paths) {
  mkdirSync(cache, { recursive: true })
  const hash = createHash('sha256')
  for (const path of paths) addTo(hash, path)
  return hash.digest('hex')
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path
 */
function addTo(hash, path) {
  const absolute = `${root}${path}`
  if (path.startsWith('src') && !path.endsWith('.ts')) {
    const entries = readdirSync(absolute, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries)
      if (entry.isDirectory() || entry.name.endsWith('.ts')) addTo(hash, `${path}/${entry.name}`)
    return
  }
  hash.update(`${path}\0`).update(readFileSync(absolute)).update('\0')
}
