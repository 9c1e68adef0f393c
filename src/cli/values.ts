import { InvalidArgumentError } from 'commander'

/** Reads a whole number. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is not a whole number.')
  return Number(text)
}

/** Reads a number of megabytes as bytes. */
export function megabytes(text: string): number {
  return wholeNumber(text) * 1_000_000
}

/** Reads a number of seconds as milliseconds. */
export function seconds(text: string): number {
  const milliseconds = Number(text) * 1_000
  if (!(milliseconds > 0 && milliseconds < 2 ** 30)) throw new InvalidArgumentError('It is not a number of seconds.')
  return milliseconds
}

/** Reads `NAME=AMOUNT`, and adds it to those before it. */
export function resource(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [name, amount] = assignment(text)
  const value = Number(amount)
  if (amount === '' || !(value >= 0)) throw new InvalidArgumentError('It is not NAME=AMOUNT.')
  return { ...before, [name]: value }
}

/** Reads `NAME=VALUE`, and adds it to those before it. */
export function variable(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [name, value] = assignment(text)
  return { ...before, [name]: value }
}

/** Adds a value to those before it. */
export function another(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

function assignment(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It is not NAME=VALUE.')
  return [text.slice(0, at), text.slice(at + 1)]
}
