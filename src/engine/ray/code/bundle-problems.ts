import { resolve } from 'node:path'
import type { BuildFailure, Message } from 'esbuild'

/** Beyond that many the rest is only counted. */
const mostShown = 5

/**
 * What is wrong with a module, in a line each: the file, line and column, and what esbuild says about it.
 *
 * @param folder what the messages' paths are relative to
 */
export function problemsOf(failure: Partial<BuildFailure> & Error, folder: string): string {
  const { errors = [] } = failure
  if (errors.length === 0) return failure.message
  const lines = errors.slice(0, mostShown).map((error) => lineFor(error, folder))
  if (errors.length > mostShown) lines.push(`and ${errors.length - mostShown} more`)
  return lines.join('\n')
}

function lineFor({ text, location, notes }: Message, folder: string): string {
  const place = location === null ? '' : `${resolve(folder, location.file)}:${location.line}:${location.column + 1}: `
  const [note] = notes
  return `${place}${text}${note === undefined ? '' : ` (${note.text})`}`
}
