import { KlawError } from '../errors.ts'

/** Stands for something that was thrown and has something in it that can not be sent: its text can. */
export function unsendable(thrown: unknown, cause: unknown): KlawError {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  const substitute = new KlawError(text, { cause })
  if (thrown instanceof Error && thrown.stack !== undefined) substitute.stack = thrown.stack
  return substitute
}
