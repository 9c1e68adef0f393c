/** Where a definition keeps what it stands for. A registered symbol, so that two copies of the package know each other's. */
export const definitionSymbol: unique symbol = Symbol.for('klaw.definition')

/** How a method answers: with one value, or with many. */
export type MethodKind = 'value' | 'stream'

/** What actors and tasks are written in. */
export type Language = 'typescript' | 'python'

/** What the creator of an actor or task tells the other side about it. */
export interface CodeAddress {
  /** Absent: `'typescript'`. */
  readonly language?: Language
  /** The URL of the module that exports the definition; in Python the module's name. */
  readonly module: string
  /** The name of the class or function. */
  readonly name: string
}

/** An actor's class as its callers need to know it. */
export interface ActorDescription extends CodeAddress {
  readonly methods: Readonly<Record<string, MethodKind>>
  /** Its methods are not known here: any name may be one, and answers with a value unless `methods` says otherwise. */
  readonly open?: boolean
  /** Whether any method is async, which makes many calls at a time the default. */
  readonly asynchronous: boolean
}

/** What stands behind a definition in the thread that evaluated it. */
export type Definition = ActorCode | TaskCode | PythonActorCode | PythonTaskCode

/** An actor's class in TypeScript. */
export interface ActorCode {
  readonly kind: 'actor'
  readonly description: ActorDescription
  readonly target: new (...args: never[]) => object
}

/** A task's function in TypeScript. */
export interface TaskCode {
  readonly kind: 'task'
  readonly description: CodeAddress
  readonly target: (...args: never[]) => unknown
}

/** An actor's class in Python. */
export interface PythonActorCode {
  readonly kind: 'Python actor'
  readonly description: ActorDescription
}

/** A function in Python. */
export interface PythonTaskCode {
  readonly kind: 'Python task'
  readonly description: CodeAddress
  /** How it answers. */
  readonly answers: MethodKind
}

/** The definition that `value`, an export of some module, stands for; undefined when it is anything else. */
export function definitionOf(value: unknown): Definition | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  return (value as { readonly [definitionSymbol]?: Definition })[definitionSymbol]
}
