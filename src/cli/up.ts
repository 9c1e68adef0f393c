import { Command } from 'commander'
import { startCluster } from '../cluster.ts'
import { another, megabytes, resource, variable, wholeNumber } from './values.ts'

interface UpOptions {
  readonly numCpus?: number
  readonly numGpus?: number
  readonly resource?: Record<string, number>
  readonly objectStoreMemory?: number
  readonly ray?: string
  readonly rayVersion?: string
  readonly env?: Record<string, string>
  readonly pythonPath?: string[]
  readonly json?: boolean
}

/** `klaw up`: starts a head that lives until `klaw down`. Its address is all that goes to the standard output. */
export function upCommand(): Command {
  return new Command('up')
    .description('start a Ray on this machine, installing it if there is none, and print its address')
    .option('--num-cpus <count>', 'logical CPUs (default: those of the machine)', wholeNumber)
    .option('--num-gpus <count>', 'logical GPUs (default: those of the machine)', wholeNumber)
    .option('--resource <name=amount>', 'a custom resource; may be repeated', resource)
    .option('--object-store-memory <megabytes>', 'size of the object store (default: 500)', megabytes)
    .option('--ray <path>', 'a ray command or a virtual environment (default: $KLAW_RAY, .venv, the PATH)')
    .option('--ray-version <version>', 'exactly this version of Ray, such as 2.51.0')
    .option('--env <name=value>', 'an environment variable of all its processes; may be repeated', variable)
    .option('--python-path <folder>', 'a folder from which workers import modules; may be repeated', another)
    .option('--json', 'print a JSON object instead of the address')
    .action(up)
}

async function up({ json, resource: resources, ...options }: UpOptions): Promise<void> {
  const onProgress = (line: string) => console.error(line)
  const { address, gcsAddress, rayVersion, folder } = await startCluster({
    ...options,
    resources,
    detached: true,
    onProgress,
  })
  console.error(`up; end it with: klaw down ${address}`)
  console.log(json === true ? JSON.stringify({ address, gcsAddress, rayVersion, folder }) : address)
}
