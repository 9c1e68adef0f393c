import type { CodeAddress } from '../definition.ts'

/** How a task is named in calls. */
export function taskMethod({ module, name }: CodeAddress): string {
  return `${name} ${module}`
}

/** The inverse of {@link taskMethod}. */
export function taskAddress(method: string): CodeAddress {
  const space = method.indexOf(' ')
  return { name: method.slice(0, space), module: method.slice(space + 1) }
}

export function taskName(method: string): string {
  return taskAddress(method).name
}
