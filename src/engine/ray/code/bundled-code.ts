import type { Connection } from '../../../wire/connection.ts'
import type { CodeAddress } from '../../definition.ts'
import { bundleModule } from './bundle-module.ts'
import { Bundles } from './bundles.ts'
import type { CodePlace, CodeSource } from './code-source.ts'
import { makeParcel, type Parcel } from './parcel.ts'
import { Parcels } from './parcels.ts'
import { runtimeParcel } from './runtime-parcel.ts'

/** Where parcels come from; tests have others. */
export interface CodeMaking {
  readonly bundle: typeof bundleModule
  readonly runtime: typeof runtimeParcel
}

/** The code of a client: its modules are bundled, and brought to the cluster together with this package. */
export class BundledCode implements CodeSource {
  readonly #parcels: Parcels
  readonly #places: Bundles<CodePlace>
  readonly #making: CodeMaking
  #runtime: Promise<Parcel> | undefined

  constructor(
    connection: Pick<Connection, 'request'>,
    making: CodeMaking = { bundle: bundleModule, runtime: runtimeParcel },
  ) {
    this.#making = making
    this.#parcels = new Parcels(connection)
    this.#places = new Bundles((module) => this.#bring(module))
  }

  placeOf({ module }: CodeAddress): CodePlace | Promise<CodePlace> {
    return this.#places.known(module) ?? this.#places.get(module)
  }

  async #bring(source: string) {
    const [runtime, { module, inputs }] = await Promise.all([this.#bringRuntime(), this.#bringModule(source)])
    return { value: { runtime, module, source, inside: false }, inputs }
  }

  async #bringRuntime(): Promise<string> {
    if (this.#runtime === undefined) {
      const { runtime } = this.#making
      this.#runtime = runtime()
      this.#runtime.catch(() => {
        this.#runtime = undefined
      })
    }
    const parcel = await this.#runtime
    await this.#parcels.deliver(parcel)
    return parcel.hash
  }

  async #bringModule(url: string) {
    const { files, inputs } = await this.#making.bundle(url)
    const parcel = makeParcel(files)
    await this.#parcels.deliver(parcel)
    return { module: parcel.hash, inputs }
  }
}
