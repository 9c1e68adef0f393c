/** The built-in classes, other than arrays and views, whose instances the codec knows. */
export type BuiltIn =
  | 'Date'
  | 'Map'
  | 'Set'
  | 'RegExp'
  | 'Error'
  | 'ArrayBuffer'
  | 'SharedArrayBuffer'
  | 'Number'
  | 'String'
  | 'Boolean'
  | 'BigInt'
  | 'Symbol'

interface Brand {
  readonly name: BuiltIn
  readonly Class: abstract new () => object
  /** Throws when the value only pretends. Works on other realms' objects and on subclasses. */
  readonly check: (value: object) => unknown
}

function getter(Class: { prototype: object }, key: string): (value: object) => unknown {
  const get = Object.getOwnPropertyDescriptor(Class.prototype, key)?.get as (this: object) => unknown
  return (value) => get.call(value)
}

/** What the instance itself holds, whatever a subclass says. */
export const regExpSource = getter(RegExp, 'source') as (value: object) => string
export const mapSize = getter(Map, 'size') as (value: object) => number
export const setSize = getter(Set, 'size') as (value: object) => number
export const regExpFlags = getter(RegExp, 'flags') as (value: object) => string

function brand(Class: unknown, check: (value: object) => unknown): Brand {
  const known = Class as Brand['Class']
  return { name: known.name as BuiltIn, Class: known, check }
}

function boxed(Class: { prototype: object }): Brand {
  return brand(Class, (value) => Class.prototype.valueOf.call(value))
}

const brands: readonly Brand[] = [
  brand(Date, (value) => Date.prototype.getTime.call(value)),
  brand(Map, mapSize),
  brand(Set, setSize),
  brand(RegExp, regExpSource),
  // Nothing on Node 20 tells a real error from an object that inherits from one, and both serve.
  brand(Error, () => true),
  brand(ArrayBuffer, getter(ArrayBuffer, 'byteLength')),
  // Browsers have it on isolated pages only.
  ...(typeof SharedArrayBuffer === 'undefined'
    ? []
    : [brand(SharedArrayBuffer, getter(SharedArrayBuffer, 'byteLength'))]),
  boxed(Number),
  boxed(String),
  boxed(Boolean),
  boxed(BigInt),
  boxed(Symbol),
]
const byName: ReadonlyMap<string, Brand> = new Map(brands.map((entry) => [entry.name, entry]))
const byPrototype: ReadonlyMap<object, Brand> = new Map(brands.map((entry) => [entry.Class.prototype as object, entry]))

/** The name that an object goes by: its `Symbol.toStringTag`, or what it is. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/** Which built-in class an object is an instance of, if any. `prototype` is its prototype. */
export function builtInOf(value: object, prototype: object): BuiltIn | undefined {
  const exact = byPrototype.get(prototype)
  if (exact !== undefined && passes(exact, value)) return exact.name
  const tag = tagOf(value)
  if (tag === 'Object') return undefined
  const found = byName.get(tag) ?? brands.find(({ Class }) => value instanceof Class)
  return found !== undefined && passes(found, value) ? found.name : undefined
}

function passes(candidate: Brand, value: object): boolean {
  try {
    candidate.check(value)
    return true
  } catch {
    // A missing internal slot is the answer, not a failure.
    return false
  }
}
