import { sessionOf, type Visit } from '../visit.ts'
import type { Check } from './check.ts'

/** The oldest and the newest Ray that the tests run on. Others are taken as they come. */
const oldestTested = [2, 51] as const
const newestTested = [2, 60] as const
const range = `klaw is tested with ${oldestTested.join('.')} to ${newestTested.join('.')}`

/** The agent's own source needs it. */
const oldestPython = [3, 10] as const

export function clusterRayCheck(visit: Visit): Check {
  return {
    name: "cluster's Ray",
    async run() {
      const { rayVersion = 'unknown' } = await sessionOf(visit).info()
      if (isBefore(rayVersion, oldestTested)) {
        return { ok: false, found: rayVersion, advice: `${range}; take a newer one` }
      }
      const newer = isBefore(newestTested.join('.'), versionOf(rayVersion))
      return { ok: true, found: newer ? `${rayVersion}, which is newer: ${range}` : rayVersion }
    },
  }
}

export function clusterPythonCheck(visit: Visit): Check {
  return {
    name: "cluster's Python",
    async run() {
      const { pythonVersion = 'unknown' } = await sessionOf(visit).info()
      if (isBefore(pythonVersion, oldestPython)) {
        return { ok: false, found: pythonVersion, advice: `klaw needs ${oldestPython.join('.')} or newer there` }
      }
      return { ok: true, found: pythonVersion }
    },
  }
}

type Version = readonly [major: number, minor: number]

function isBefore(version: string, [major, minor]: Version): boolean {
  const [ownMajor, ownMinor] = versionOf(version)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}

function versionOf(version: string): Version {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return [Number(major ?? 0), Number(minor ?? 0)]
}
