import { KlawError } from '../../../errors.ts'
import { type CodeAddress, type Definition, definitionOf } from '../../definition.ts'
import type { ThreadContext } from '../../thread-context.ts'
import { TypeScriptSupport } from './typescript.ts'

type DefinitionKind = Definition['kind']
type DefinitionOf<Kind extends DefinitionKind> = Extract<Definition, { kind: Kind }>
type Exports = Readonly<Record<string, unknown>>

/** How a module is looked at, where that is not a file that its author knows. */
export interface ModuleView {
  /** What errors call the module. */
  readonly label: string
  /** Whether definitions count that the module has made or imported, but does not export. */
  readonly inside: boolean
}

/** Finds the classes and functions that actors and tasks are made of, in the modules that export them. */
export class Modules {
  readonly #context: ThreadContext
  readonly #typescript = new TypeScriptSupport()
  readonly #found = new Map<string, Definition>()
  readonly #loading: string[] = []

  /** @param builtIns definitions that are there without a module to import */
  constructor(context: ThreadContext, builtIns: readonly Definition[]) {
    this.#context = context
    for (const definition of builtIns) {
      const { module, name } = definition.description
      this.#found.set(keyOf(definition.kind, module, name), definition)
    }
  }

  /** The definition, if its module has been loaded before. */
  known<Kind extends DefinitionKind>(kind: Kind, { module, name }: CodeAddress): DefinitionOf<Kind> | undefined {
    return this.#found.get(keyOf(kind, module, name)) as DefinitionOf<Kind> | undefined
  }

  /** Imports the module and finds the definition. Throws a `KlawError` that names both, with what the import threw as its cause. */
  async find<Kind extends DefinitionKind>(
    kind: Kind,
    address: CodeAddress,
    view: ModuleView = { label: address.module, inside: false },
  ): Promise<DefinitionOf<Kind>> {
    const known = this.known(kind, address)
    if (known !== undefined) return known
    const { module, name } = address
    const exports = await this.#load(kind, address, view)
    const inside = view.inside ? this.#context.definitions : []
    const definition = pick(kind, address, view, exports, inside)
    this.#found.set(keyOf(kind, module, name), definition)
    return definition as DefinitionOf<Kind>
  }

  async #load(kind: DefinitionKind, { module, name }: CodeAddress, { label }: ModuleView): Promise<Exports> {
    try {
      await this.#typescript.prepareFor(module)
      this.#began(label)
      return (await import(module)) as Exports
    } catch (cause) {
      const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
      throw new KlawError(`the module of ${kind} '${name}', ${label}, can not be loaded: ${text}`, { cause })
    } finally {
      this.#ended(label)
    }
  }

  #began(label: string): void {
    this.#loading.push(label)
    this.#context.loading = label
  }

  /** Others may still be loading. */
  #ended(label: string): void {
    const index = this.#loading.indexOf(label)
    if (index >= 0) this.#loading.splice(index, 1)
    this.#context.loading = this.#loading.at(-1)
  }
}

/** What is exported comes before what is only `inside`. */
function pick(
  kind: DefinitionKind,
  { module, name }: CodeAddress,
  { label }: ModuleView,
  exports: Exports,
  inside: Iterable<Definition>,
): Definition {
  const isMeant = (definition: Definition | undefined) =>
    definition?.kind === kind && definition.description.name === name
  const exported = [...Object.values(exports), ...commonJs(exports)].map(definitionOf).filter(isMeant)
  const known = [...inside].filter((definition) => isMeant(definition) && definition.description.module === module)
  const found = new Set((exported.length > 0 ? exported : known) as readonly Definition[])
  const [definition] = found
  if (definition === undefined) {
    throw new KlawError(`${label} does not export the ${kind} '${name}'; ${listed(exports)}`)
  }
  if (found.size > 1) {
    const has = exported.length > 0 ? 'exports' : 'has'
    throw new KlawError(`${label} ${has} ${found.size} different ${kind}s named '${name}'`)
  }
  return definition
}

/** What a CommonJS module exports, of which Node can not always tell the names. */
function commonJs({ default: whole }: Exports): unknown[] {
  return typeof whole === 'object' && whole !== null ? Object.values(whole) : []
}

/** What the module exports, as its author would look for it. */
function listed(exports: Exports): string {
  const names = Object.keys(exports)
  if (names.length === 0) return 'it exports nothing'
  const shown = names.map((name) => {
    const definition = definitionOf(exports[name])
    return definition === undefined ? name : `${name} (the ${definition.kind} '${definition.description.name}')`
  })
  return `its exports are ${shown.join(', ')}`
}

function keyOf(kind: string, module: string, name: string): string {
  return `${kind} ${name} ${module}`
}
