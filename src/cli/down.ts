import { Command } from 'commander'
import { KlawError, listClusters, stopCluster } from '../cluster.ts'

/** `klaw down`: ends what `klaw up` has started, and nothing else. */
export function downCommand(): Command {
  return new Command('down')
    .description('end a Ray that `klaw up` has started')
    .argument('[address]', 'as `klaw up` has printed it; not needed if there is only one')
    .option('--all', 'end all of them')
    .action(down)
}

async function down(address: string | undefined, { all }: { readonly all?: boolean }): Promise<void> {
  const running = (await listClusters()).filter(({ detached }) => detached).map((cluster) => cluster.address)
  for (const chosen of choose(running, address, all === true)) {
    await stopCluster(chosen)
    console.log(`ended ${chosen}`)
  }
}

function choose(running: readonly string[], address: string | undefined, all: boolean): readonly string[] {
  if (all) return running
  if (address === undefined && running.length === 1) return running
  if (address !== undefined && running.includes(address)) return [address]
  const there = running.length === 0 ? 'none runs' : `these run: ${running.join(', ')}`
  if (address === undefined) throw new KlawError(`which one? Give an address, or --all; ${there}`)
  throw new KlawError(`\`klaw up\` has started no Ray with the address ${address}; ${there}`)
}
