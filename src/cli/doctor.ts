import { Command } from 'commander'
import type { Check, CheckResult } from './checks/check.ts'
import { clusterNodeCheck } from './checks/cluster-node.ts'
import { laneCheck } from './checks/lane.ts'
import { nodeCheck } from './checks/node.ts'
import { portCheck } from './checks/port.ts'
import { pythonCheck } from './checks/python.ts'
import { rayCheck } from './checks/ray.ts'
import { roundTripCheck } from './checks/round-trip.ts'
import { sessionCheck } from './checks/session.ts'
import { tlsCheck } from './checks/tls.ts'
import { tokenCheck } from './checks/token.ts'
import { clusterPythonCheck, clusterRayCheck } from './checks/versions.ts'
import { seconds } from './values.ts'
import { parseAddress, type Visit } from './visit.ts'

const defaultTimeout = 30_000
/** Milliseconds for a session to end; beyond that the process ends without. */
const closeLimit = 10_000

/** `klaw doctor`: one line for each thing that matters, with `ok` or what to do. Ends with 1 if something is to do. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look at what this machine, and the Ray at an address, offer')
    .argument('[address]', 'such as ray://127.0.0.2:10001')
    .option('--timeout <seconds>', 'for the session to open, and for each other line', seconds, defaultTimeout)
    .action(async (address: string | undefined, { timeout }: { readonly timeout: number }) => {
      if (!(await doctor(address, timeout, (line) => console.log(line)))) process.exitCode = 1
    })
}

const machineChecks: readonly Check[] = [nodeCheck, pythonCheck, rayCheck]

/**
 * @param timeout milliseconds for each line
 * @param say takes the lines, each as soon as it is known
 * @param machine what is looked at before the cluster
 * @returns whether nothing is to do
 */
export async function doctor(
  address: string | undefined,
  timeout: number,
  say: (line: string) => void,
  machine = machineChecks,
): Promise<boolean> {
  const place = address === undefined ? undefined : parseAddress(address)
  const visit: Visit | undefined = place && { ...place, timeout, session: undefined }
  const checks = [...machine, ...clusterChecks(address, visit)]
  const width = Math.max(...checks.map(({ name }) => name.length))
  let ok = true
  try {
    for (const { name, run, opensTheWay } of checks) {
      const result = await within(timeout, run).catch(failed)
      const about = result.ok ? name : (result.about ?? name)
      say(`${result.ok ? 'ok   ' : 'to do'} ${about.padEnd(width)}  ${text(result)}`)
      ok &&= result.ok
      if (!result.ok && opensTheWay) break
    }
  } finally {
    await visit?.session?.shutdown()
  }
  return ok
}

/** What is looked at, in this order: each as soon as the one before it has been told about. */
function clusterChecks(address: string | undefined, visit: Visit | undefined): readonly Check[] {
  if (address === undefined) return []
  if (visit === undefined) return [noAddress(address)]
  return [
    portCheck(visit),
    tlsCheck(visit),
    sessionCheck(visit),
    tokenCheck(visit),
    clusterRayCheck(visit),
    clusterPythonCheck(visit),
    clusterNodeCheck(visit),
    laneCheck(visit),
    roundTripCheck(visit),
  ]
}

function noAddress(address: string): Check {
  const result = { ok: false, found: `${address} is no address`, advice: 'give one such as ray://host:10001' } as const
  return { name: 'address', run: async () => result }
}

/** The engine keeps deadlines of its own; this one is for what they do not see. */
function within(timeout: number, run: Check['run']): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const limit = timeout + closeLimit
    const timer = setTimeout(() => {
      // Whatever goes on then must not keep the process.
      setTimeout(() => process.exit(1), closeLimit).unref()
      reject(new Error(`not done within ${limit / 1_000} s`))
    }, limit)
    run()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

function failed(error: unknown): CheckResult {
  return { ok: false, found: error instanceof Error ? error.message : String(error) }
}

function text(result: CheckResult): string {
  return result.ok || result.advice === undefined ? result.found : `${result.found}: ${result.advice}`
}
