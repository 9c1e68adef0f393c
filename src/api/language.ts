import type { ActorEngine } from '../engine/actor-engine.ts'
import type { CodeAddress } from '../engine/definition.ts'
import { KlawError } from '../errors.ts'

/** Refuses a definition that the engine can not create from. */
export function checkLanguage(
  engine: ActorEngine,
  what: 'actor' | 'task',
  { language = 'typescript', name }: CodeAddress,
): void {
  if (engine.languages.includes(language)) return
  throw new KlawError(
    `${what} '${name}' is written in Python, which the embedded engine does not run: connect to a cluster, as in connect('ray://host:10001')`,
  )
}
