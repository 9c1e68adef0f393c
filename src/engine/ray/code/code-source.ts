import type { CodeAddress } from '../../definition.ts'

/** Where the cluster finds a module, in the words of docs/gateway.md. */
export interface CodePlace {
  /** The hash of the parcel that holds this package. */
  readonly runtime: string
  /** The hash of the parcel that holds the bundled module. */
  readonly module: string
  /** What errors call the module. */
  readonly source: string
  /** Asked for by code of the same bundle: any of its modules may have the definition. Otherwise the module that was bundled has to export it. */
  readonly inside: boolean
}

/**
 * Says where the code of actors and tasks in TypeScript is. On a client it bundles their modules and brings them to the cluster; in the cluster it
 * knows the bundles that have been loaded.
 */
export interface CodeSource {
  /** At once where the code is known to be in the cluster. Rejects, or throws, with what is wrong with the module. */
  placeOf(address: CodeAddress): CodePlace | Promise<CodePlace>
}
