/** Where a definition keeps what it stands for. A registered symbol, so that two copies of the package know each other's. */
export const definitionSymbol: unique symbol = Symbol.for('klaw.definition')

/** How a method answers: with one value, or with many. */
export type MethodKind = 'value' | 'stream'

/** What the creator of an actor or task tells the other side about it. */
export interface CodeAddress {
  /** The URL of the module that exports the definition. */
  readonly module: string
  /** The name of the class or function. */
  readonly name: string
}

/** An actor's class as its callers need to know it. */
export interface ActorDescription extends CodeAddress {
  readonly methods: Readonly<Record<string, MethodKind>>
  /** Whether any method is async, which makes many calls at a time the default. */
  readonly asynchronous: boolean
}

/** What stands behind a definition in the thread that evaluated it. */
export type Definition =
  | {
      readonly kind: 'actor'
      readonly description: ActorDescription
      readonly target: new (...args: never[]) => object
    }
  | { readonly kind: 'task'; readonly description: CodeAddress; readonly target: (...args: never[]) => unknown }

/** The definition that `value`, an export of some module, stands for; undefined when it is anything else. */
export function definitionOf(value: unknown): Definition | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  return (value as { readonly [definitionSymbol]?: Definition })[definitionSymbol]
}
