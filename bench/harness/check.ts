/** Throws unless a result is what the work must give. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`wrong result: ${what} is ${actual}, expected ${expected}`)
}
