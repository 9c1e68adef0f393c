import { readFileSync, statSync, utimesSync } from 'node:fs'
import { root } from './paths.mjs'
import { mustRun } from './run.mjs'

const lockfile = `${root}package-lock.json`
/** npm writes this after each install: what is really there. */
const installed = `${root}node_modules/.package-lock.json`

/**
 * Installs the exact packages of package-lock.json if they are not there.
 *
 * @param {(line: string) => void} say
 */
export async function ensureInstalled(say) {
  if (isInstalled()) return
  say('installing packages (npm ci)')
  await mustRun('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'])
}

/** Whether node_modules is there and not older than the lockfile; a lockfile that is only newer by date is compared. */
export function isInstalled() {
  const installedAt = modifiedAt(installed)
  if (installedAt === undefined) return false
  if (installedAt >= (modifiedAt(lockfile) ?? 0)) return true
  if (!hasEveryPackage()) return false
  const now = new Date()
  utimesSync(installed, now, now)
  return true
}

function hasEveryPackage() {
  const wanted = packagesIn(lockfile)
  const present = packagesIn(installed)
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true
    const found = present[path]
    return found === undefined ? optional === true : found.version === version
  })
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesIn(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/** @param {string} file */
function modifiedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs
}
