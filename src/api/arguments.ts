import type { WaitOptions } from '../core/ports.ts'

/** A value in a message, kept short. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 37)}...` : value}'`
  if (typeof value === 'function') return `function ${value.name}`.trimEnd()
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  return `an object of class ${value.constructor?.name ?? 'null'}`
}

/** Refuses what is no plain set of options, and keys that nobody knows. */
export function checkKeys(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what} must be an object, got ${show(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(`unknown key '${key}' in ${what}; known are ${known.join(', ')}`)
    }
  }
}

/** A time in milliseconds. Infinity is one. */
export function checkTime(name: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw new TypeError(`'${name}' must be a number of milliseconds, got ${show(value)}`)
  if (!(value >= 0)) throw new RangeError(`'${name}' must be a non-negative number of milliseconds, got ${show(value)}`)
}

export function checkSignal(value: unknown): void {
  if (value === undefined) return
  const signal = value as Partial<AbortSignal> | null
  if (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw new TypeError(`'signal' must be an AbortSignal, got ${show(value)}`)
  }
}

/** A number of things, `least` or more; Infinity where `unlimited`. */
export function checkCount(name: string, value: unknown, least: number, unlimited: boolean): void {
  const allowed = `${least === 1 ? 'a positive integer' : `an integer of at least ${least}`}${unlimited ? ' or Infinity' : ''}`
  if (typeof value !== 'number') throw new TypeError(`'${name}' must be ${allowed}, got ${show(value)}`)
  if (unlimited && value === Number.POSITIVE_INFINITY) return
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`'${name}' must be ${allowed}, got ${show(value)}`)
  }
}

export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new TypeError(`'${name}' must be true or false, got ${show(value)}`)
  }
}

const waitKeys = ['timeout', 'signal']

/** What is wrong with the options of an operation that waits; such operations reject rather than throw. */
export function waitFault(options: WaitOptions | undefined): Error | undefined {
  if (options === undefined) return undefined
  try {
    checkKeys('options', options, waitKeys)
    checkTime('timeout', options.timeout)
    checkSignal(options.signal)
    return undefined
  } catch (error) {
    return error as Error
  }
}
