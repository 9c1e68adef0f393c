import { show } from './arguments.ts'

/** Checks the value of one option; throws a `TypeError` or `RangeError` that starts with the option's name. */
export type OptionCheck = (name: string, value: unknown) => void

/**
 * Checks options against what is known about each key. A key whose value is undefined counts as absent.
 *
 * @param what names the call in the messages, as in `actor options`
 * @throws TypeError when it is no object, has an unknown key, or a value of the wrong type
 * @throws RangeError when a value is out of range
 */
export function checkOptions(what: string, options: unknown, checks: Readonly<Record<string, OptionCheck>>): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what} must be an object, got ${show(options)}`)
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) {
      throw new TypeError(`unknown key '${key}' in ${what}; known are ${Object.keys(checks).join(', ')}`)
    }
    if (value !== undefined) checks[key]!(key, value)
  }
}

/** An amount of a resource: fractions are allowed, as in Ray. */
export const amount: OptionCheck = (name, value) => {
  if (typeof value !== 'number') throw new TypeError(`'${name}' must be a number, got ${show(value)}`)
  if (!(value >= 0) || value === Number.POSITIVE_INFINITY) {
    throw new RangeError(`'${name}' must be a finite number that is not negative, got ${value}`)
  }
}

/** A number of bytes. */
export const bytes: OptionCheck = (name, value) => {
  if (typeof value !== 'number') throw new TypeError(`'${name}' must be a number of bytes, got ${show(value)}`)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`'${name}' must be a positive integer number of bytes, got ${value}`)
  }
}

/** A count of `least` or more, or -1 for no limit where `unlimited` says so. */
export function count(least: number, unlimited: boolean): OptionCheck {
  const allowed = `an integer of at least ${least}${unlimited ? ', or -1 for no limit' : ''}`
  return (name, value) => {
    if (typeof value !== 'number') throw new TypeError(`'${name}' must be ${allowed}, got ${show(value)}`)
    if (unlimited && value === -1) return
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`'${name}' must be ${allowed}, got ${value}`)
    }
  }
}

export const flag: OptionCheck = (name, value) => {
  if (typeof value !== 'boolean') throw new TypeError(`'${name}' must be true or false, got ${show(value)}`)
}

export const text: OptionCheck = (name, value) => {
  if (typeof value !== 'string') throw new TypeError(`'${name}' must be a string, got ${show(value)}`)
  if (value === '') throw new RangeError(`'${name}' must not be empty`)
}

/** Custom resources: `{ accelerator: 1 }`. */
export const amounts: OptionCheck = (name, value) => {
  if (!isRecord(value)) throw new TypeError(`'${name}' must be an object of numbers, got ${show(value)}`)
  for (const [key, part] of Object.entries(value)) amount(`${name}.${key}`, part)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
