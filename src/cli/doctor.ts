import { Command } from 'commander'
import type { Check, CheckResult } from './checks/check.ts'
import { nodeCheck } from './checks/node.ts'
import { portCheck } from './checks/port.ts'
import { pythonCheck } from './checks/python.ts'
import { rayCheck } from './checks/ray.ts'

/** `klaw doctor`: one line for each thing that matters, with `ok` or what to do. Ends with 1 if something is to do. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look at what this machine, and the Ray at an address, offer')
    .argument('[address]', 'such as ray://127.0.0.2:10001')
    .action(doctor)
}

/** What is looked at, in this order: each as soon as the one before it has been told about. */
function checks(address: string | undefined): readonly Check[] {
  const machine = [nodeCheck, pythonCheck, rayCheck]
  return address === undefined ? machine : [...machine, portCheck(address)]
}

async function doctor(address: string | undefined): Promise<void> {
  const list = checks(address)
  const width = Math.max(...list.map(({ name }) => name.length))
  for (const { name, run } of list) {
    const result = await run().catch(failed)
    console.log(`${result.ok ? 'ok   ' : 'to do'} ${name.padEnd(width)}  ${text(result)}`)
    if (!result.ok) process.exitCode = 1
  }
}

function failed(error: unknown): CheckResult {
  return { ok: false, found: error instanceof Error ? error.message : String(error) }
}

function text(result: CheckResult): string {
  return result.ok || result.advice === undefined ? result.found : `${result.found}: ${result.advice}`
}
