/** One step from a value to a value inside it: a property's name, an element's index, or something that prints itself. */
export type PathStep = string | number | PathText

/** A step that is neither a property nor an element, as in `.get("k")`. */
export interface PathText {
  toString(): string
}

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** Writes a path the way one would reach the value in code: `args[0].user["first name"]`. */
export function formatPath(root: string, steps: readonly PathStep[]): string {
  let path = root
  for (const step of steps) {
    if (typeof step === 'number') path += `[${step}]`
    else if (typeof step !== 'string') path += step.toString()
    else if (identifier.test(step)) path += `.${step}`
    else path += `[${JSON.stringify(step)}]`
  }
  return path
}

/** For messages: the path, with its middle left out when it is very long. */
export function shortenPath(path: string): string {
  return path.length <= 300 ? path : `${path.slice(0, 200)}…${path.slice(-80)}`
}

const anArray = Symbol('[…]')
const anObject = Symbol('{…}')

/** The step to the value under a Map's key. */
export class MapValueStep implements PathText {
  readonly #key: unknown

  constructor(key: unknown) {
    // Only what stands for an object: steps outlive the messages that they were made for.
    this.#key = typeof key === 'object' && key !== null ? (Array.isArray(key) ? anArray : anObject) : key
  }

  toString(): string {
    return `.get(${describeKey(this.#key)})`
  }
}

/** The step to the nth key of a Map, or element of a Set. */
export class NthStep implements PathText {
  readonly #method: 'keys' | 'values'
  readonly #index: number

  constructor(method: 'keys' | 'values', index: number) {
    this.#method = method
    this.#index = index
  }

  toString(): string {
    return `.${this.#method}()[${this.#index}]`
  }
}

function describeKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key)
  if (typeof key === 'bigint') return `${key}n`
  if (typeof key === 'symbol') return key.description as string
  return String(key)
}
