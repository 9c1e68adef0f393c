import { KlawError } from '../../../errors.ts'
import { type CodeAddress, type Definition, definitionOf } from '../../definition.ts'
import type { ThreadContext } from '../../thread-context.ts'
import { TypeScriptSupport } from './typescript.ts'

type DefinitionKind = Definition['kind']
type DefinitionOf<Kind extends DefinitionKind> = Extract<Definition, { kind: Kind }>
type Exports = Readonly<Record<string, unknown>>

/** Finds the classes and functions that actors and tasks are made of, in the modules that export them. */
export class Modules {
  readonly #context: ThreadContext
  readonly #typescript = new TypeScriptSupport()
  readonly #found = new Map<string, Definition>()

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
  async find<Kind extends DefinitionKind>(kind: Kind, address: CodeAddress): Promise<DefinitionOf<Kind>> {
    const known = this.known(kind, address)
    if (known !== undefined) return known
    const { module, name } = address
    const definition = pick(kind, address, await this.#load(kind, address))
    this.#found.set(keyOf(kind, module, name), definition)
    return definition as DefinitionOf<Kind>
  }

  async #load(kind: DefinitionKind, { module, name }: CodeAddress): Promise<Exports> {
    try {
      await this.#typescript.prepareFor(module)
      this.#context.loading = module
      return (await import(module)) as Exports
    } catch (cause) {
      const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
      throw new KlawError(`the module of ${kind} '${name}', ${module}, can not be loaded: ${text}`, { cause })
    } finally {
      this.#context.loading = undefined
    }
  }
}

function pick(kind: DefinitionKind, { module, name }: CodeAddress, exports: Exports): Definition {
  const found = new Set<Definition>()
  for (const value of [...Object.values(exports), ...commonJs(exports)]) {
    const definition = definitionOf(value)
    if (definition?.kind === kind && definition.description.name === name) found.add(definition)
  }
  const [definition] = found
  if (definition === undefined) {
    throw new KlawError(`${module} does not export the ${kind} '${name}'; ${listed(exports)}`)
  }
  if (found.size > 1) throw new KlawError(`${module} exports ${found.size} different ${kind}s named '${name}'`)
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
