/** What Python has and JavaScript has not, as far as pickles of Ray's client protocol need it. Nothing here is ever evaluated. */

/** A Python tuple. */
export class PyTuple {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

/** A Python float, also when the number is whole: a plain `1` is written as an int. */
export class PyFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** Something that Python finds by its module and (dotted) name. */
export class PyGlobal {
  readonly module: string
  readonly name: string

  constructor(module: string, name: string) {
    this.module = module
    this.name = name
  }
}

/** The result of calling `callable` with `args`. Read from a pickle, it describes the object that Python would have made. */
export class PyCall {
  readonly callable: unknown
  readonly args: readonly unknown[]
  /** What the object's `__setstate__` or `__dict__` would have got, in order. */
  readonly states: unknown[] = []
  /** What would have been appended to it, as to a list. */
  readonly appended: unknown[] = []
  /** What would have been set in it, as in a dict. */
  readonly entries: Map<unknown, unknown> = new Map()

  constructor(callable: unknown, args: readonly unknown[]) {
    this.callable = callable
    this.args = args
  }
}

/** Writes `effect`, drops what Python makes of it, and stands for `result`. */
export class PySequence {
  readonly effect: unknown
  readonly result: unknown

  constructor(effect: unknown, result: unknown) {
    this.effect = effect
    this.result = result
  }
}

/** An object that only the pickle's maker can find again (`persistent_id`): Ray's references to objects and actors. */
export class PyPersistent {
  readonly id: unknown

  constructor(id: unknown) {
    this.id = id
  }
}

/**
 * The class `name` that `source` defines. Python's `exec` has no result, so that the namespace is made first, filled, and then asked.
 *
 * @param file what tracebacks call the source
 */
export function classFromSource(source: string, name: string, file: string): unknown {
  // A module that nobody can import: cloudpickle then ships the class itself, and not its name.
  const namespace = new Map([['__name__', `${file.replace(/\.py$/, '')}`]])
  const code = new PyCall(new PyGlobal('builtins', 'compile'), [source, file, 'exec'])
  return new PySequence(
    new PyCall(new PyGlobal('builtins', 'exec'), [code, namespace]),
    new PyCall(new PyGlobal('_operator', 'getitem'), [namespace, name]),
  )
}
